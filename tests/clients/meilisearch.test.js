// The JavaScript client, as InstantSearch's adapter takes it and as it is newest.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as current from "meilisearch";
import * as latest from "meilisearch-latest";
import { ADMIN_KEY, HOST, SEARCH_KEY } from "./service.js";

for (const [line, client] of [["0.57", current], ["0.62", latest]]) {
  const { Meilisearch, MeilisearchApiError } = client;
  const reader = new Meilisearch({ host: HOST, apiKey: SEARCH_KEY });
  const admin = new Meilisearch({ host: HOST, apiKey: ADMIN_KEY });
  const passages = reader.index("passages");

  describe(`meilisearch ${line}`, () => {
    test("health, version, statistics, indexes", async () => {
      assert.equal(await reader.isHealthy(), true);
      assert.deepEqual(await reader.health(), { status: "available" });
      assert.match((await reader.getVersion()).pkgVersion, /^\d+\.\d+\.\d+/);
      const all = await reader.getStats();
      const own = await passages.getStats();
      assert.deepEqual(all.indexes.passages, own);
      assert.ok(own.numberOfDocuments > 40);
      const { results } = await reader.getIndexes();
      assert.equal(results[0].uid, "passages");
      assert.equal((await reader.getIndex("passages")).primaryKey, "id");
      assert.equal(await passages.fetchPrimaryKey(), "id");
      await assert.rejects(reader.getIndex("reports"), (error) => {
        assert.ok(error instanceof MeilisearchApiError);
        assert.equal(error.cause.code, "index_not_found");
        return true;
      });
    });

    test("search, by POST and by GET", async () => {
      const options = {
        limit: 3,
        filter: [["province = 河北省", "kind = measure"]],
        facets: ["province", "year"],
        attributesToHighlight: ["*"],
        attributesToCrop: ["body:8"],
        showMatchesPosition: true,
        showRankingScore: true,
      };
      const posted = await passages.search("教师交流", options);
      assert.equal(posted.hits.length, 3);
      assert.match(posted.hits[0]._formatted.body, /<em>/);
      assert.ok(posted.hits[0]._matchesPosition.body.length > 0);
      assert.ok(posted.facetStats.year.min > 1990);
      const got = await passages.searchGet("教师交流", { ...options, filter: "province = 河北省 OR kind = measure" });
      assert.deepEqual(got.hits, posted.hits);
      const paged = await passages.search("", { page: 2, hitsPerPage: 4 });
      assert.equal(paged.totalPages, Math.ceil(paged.totalHits / 4));
      const values = await passages.searchForFacetValues({ facetName: "province", facetQuery: "河" });
      assert.ok(values.facetHits.some(({ value }) => value === "河北省"));
    });

    test("several at once, side by side and merged", async () => {
      const { results } = await reader.multiSearch({
        queries: [
          { indexUid: "passages", q: "教师", limit: 1 },
          { indexUid: "passages", q: "经费", limit: 1 },
        ],
      });
      assert.deepEqual(results.map((it) => it.query), ["教师", "经费"]);
      const merged = await reader.multiSearch({
        federation: { limit: 5, facetsByIndex: { passages: ["kind"] } },
        queries: [
          { indexUid: "passages", q: "教师" },
          { indexUid: "passages", q: "经费", federationOptions: { weight: 0.5 } },
        ],
      });
      assert.equal(merged.hits.length, 5);
      assert.ok(merged.hits.every((hit) => hit._federation.indexUid === "passages"));
      assert.ok(merged.facetsByIndex.passages.distribution.kind.measure > 0);
    });

    test("documents, one by one, in lists, and those like one", async () => {
      const { results, total } = await passages.getDocuments({ limit: 2, fields: ["id", "heading"] });
      assert.ok(total > 40);
      assert.deepEqual(Object.keys(results[0]).sort(), ["heading", "id"]);
      const filtered = await passages.getDocuments({ filter: "kind = measure", limit: 1 });
      assert.equal(filtered.results[0].kind, "measure");
      const one = await passages.getDocument(results[0].id);
      assert.equal(one.id, results[0].id);
      const like = await passages.searchSimilarDocuments({ id: filtered.results[0].id, limit: 3, embedder: "default" });
      assert.ok(like.hits.length <= 3);
      assert.ok(like.hits.every((hit) => hit.report_id !== filtered.results[0].report_id));
      await assert.rejects(passages.getDocument("nothing"), (error) => error.cause.code === "document_not_found");
    });

    test("settings, and waiting for a task", async () => {
      const settings = await passages.getSettings();
      assert.ok(settings.filterableAttributes.includes("province"));
      assert.deepEqual(await passages.getSortableAttributes(), settings.sortableAttributes);
      const done = await admin
        .index("passages")
        .updateFilterableAttributes(["province", "year"])
        .waitTask();
      assert.equal(done.status, "succeeded");
      const made = await admin.createIndex("passages", { primaryKey: "id" }).waitTask();
      assert.equal(made.error.code, "index_already_exists");
      await assert.rejects(
        admin.index("passages").updateSettings({ filterableAttributes: ["body"] }),
        (error) => error.cause.code === "invalid_settings_filterable_attributes",
      );
    });

    test("keys, made and taken back", async () => {
      const made = await admin.createKey({
        name: "网站",
        actions: ["search"],
        indexes: ["passages"],
        expiresAt: null,
      });
      const visitor = new Meilisearch({ host: HOST, apiKey: made.key });
      assert.equal((await visitor.index("passages").search("教师", { limit: 1 })).hits.length, 1);
      assert.equal((await admin.getKey(made.uid)).name, "网站");
      assert.equal((await admin.updateKey(made.uid, { name: "新站" })).name, "新站");
      const { results } = await admin.getKeys({ limit: 100 });
      assert.ok(results.some(({ uid }) => uid === made.uid));
      await admin.deleteKey(made.uid);
      await assert.rejects(visitor.index("passages").search("x"), (error) => error.cause.code === "invalid_api_key");
      await assert.rejects(admin.getKey(made.uid), (error) => error.cause.code === "api_key_not_found");
    });

    test("documents come and go", async () => {
      const id = `report-${line.replace(".", "-")}`;
      const written = admin.index("passages");
      const added = await written
        .addDocuments([{ id, title: "河北省石家庄市:均衡编班", text: `独有的词${line}在这里。` }])
        .waitTask();
      assert.equal(added.status, "succeeded");
      assert.equal(added.details.receivedDocuments, 1);
      const { hits } = await passages.search("", { filter: `report_id = ${id}` });
      assert.equal(hits[0].city, "石家庄市");
      await written.updateDocuments([{ id, date: "2016-05-05" }]).waitTask();
      const { results } = await passages.getDocuments({ filter: `report_id = ${id} AND day = 20160505` });
      assert.equal(results.length, 1);
      const tasks = await admin.tasks.getTasks({ limit: 1, types: ["documentAdditionOrUpdate"] });
      assert.equal(tasks.results[0].status, "succeeded");
      const csv = `id,title,text\n${id}-csv,河北省:甲,甲。`;
      await written.addDocumentsFromString(csv, "text/csv").waitTask();
      const removed = await written.deleteDocuments([id, `${id}-csv`]).waitTask();
      assert.equal(removed.details.deletedDocuments, 2);
      assert.equal((await passages.search("", { filter: `report_id = ${id}` })).hits.length, 0);
      await written.deleteDocument("nothing").waitTask();
      await written.deleteDocuments({ filter: "report_id = nothing" }).waitTask();
      await written.deleteAllDocuments().waitTask();
    });

    test("keys that will not do", async () => {
      const none = new Meilisearch({ host: HOST });
      await assert.rejects(none.index("passages").search("x"), (error) => error.cause.code === "missing_authorization_header");
      const wrong = new Meilisearch({ host: HOST, apiKey: "wrong" });
      await assert.rejects(wrong.index("passages").search("x"), (error) => error.cause.code === "invalid_api_key");
      await assert.rejects(reader.getKeys(), (error) => error.cause.code === "invalid_api_key");
    });
  });
}
