"""The Python client, unmodified; `tests/clients.rs` runs it against a service of its own."""

import os
import unittest

import meilisearch
from meilisearch.errors import MeilisearchApiError

HOST = os.environ["CESOU_ADDRESS"] + "/meili"
reader = meilisearch.Client(HOST, os.environ["CESOU_SEARCH_KEY"])
admin = meilisearch.Client(HOST, os.environ["CESOU_ADMIN_KEY"])
passages = reader.index("passages")


class Reading(unittest.TestCase):
    def test_without_a_key(self):
        nobody = meilisearch.Client(HOST)
        self.assertTrue(nobody.is_healthy())
        with self.assertRaises(MeilisearchApiError) as refused:
            nobody.index("passages").search("教师")
        self.assertEqual(refused.exception.code, "missing_authorization_header")

    def test_what_there_is(self):
        self.assertEqual(reader.health(), {"status": "available"})
        self.assertIn("pkgVersion", reader.get_version())
        stats = passages.get_stats()
        self.assertGreater(stats.number_of_documents, 40)
        self.assertEqual(reader.get_all_stats()["indexes"]["passages"]["numberOfDocuments"], stats.number_of_documents)
        indexes = reader.get_indexes()["results"]
        self.assertEqual([index.uid for index in indexes], ["passages"])
        self.assertEqual(reader.get_index("passages").primary_key, "id")
        self.assertEqual(passages.get_primary_key(), "id")

    def test_search(self):
        found = passages.search(
            "教师交流",
            {
                "limit": 3,
                "filter": ["kind = measure", ["year >= 2000", "province = 河北省"]],
                "facets": ["*"],
                "attributesToHighlight": ["body"],
                "sort": ["year:desc"],
            },
        )
        self.assertEqual(len(found["hits"]), 3)
        self.assertIn("<em>", found["hits"][0]["_formatted"]["body"])
        self.assertIn("measure", found["facetDistribution"]["kind"])
        self.assertEqual(passages.search("", {"hitsPerPage": 0})["totalPages"], 0)
        self.assertEqual(passages.search(None)["query"], "")
        values = passages.facet_search("province", "河")["facetHits"]
        self.assertIn("河北省", [value["value"] for value in values])

    def test_several_at_once(self):
        queries = [{"indexUid": "passages", "q": "教师"}, {"indexUid": "passages", "q": "经费"}]
        results = reader.multi_search(queries)["results"]
        self.assertEqual([result["query"] for result in results], ["教师", "经费"])
        merged = reader.multi_search(queries, {"limit": 4})
        self.assertEqual(len(merged["hits"]), 4)

    def test_documents(self):
        listed = passages.get_documents({"limit": 2, "fields": ["id"], "filter": "kind = measure"})
        self.assertEqual(len(listed.results), 2)
        one = passages.get_document(listed.results[0].id)
        self.assertEqual(one.kind, "measure")
        like = passages.get_similar_documents({"id": one.id, "embedder": "default"})
        self.assertEqual(like["id"], one.id)
        with self.assertRaises(MeilisearchApiError) as refused:
            passages.get_document("nothing")
        self.assertEqual(refused.exception.code, "document_not_found")

    def test_settings(self):
        settings = passages.get_settings()
        self.assertIn("province", settings["filterableAttributes"])
        self.assertEqual(passages.get_sortable_attributes(), settings["sortableAttributes"])
        task = admin.index("passages").update_filterable_attributes(["province"])
        self.assertEqual(admin.wait_for_task(task.task_uid).status, "succeeded")
        task = admin.create_index("passages", {"primaryKey": "id"})
        self.assertEqual(admin.wait_for_task(task.task_uid).error["code"], "index_already_exists")

    def test_keys(self):
        made = admin.create_key({"name": "脚本", "actions": ["search"], "indexes": ["*"], "expiresAt": None})
        visitor = meilisearch.Client(HOST, made.key)
        self.assertTrue(visitor.index("passages").search("教师")["hits"])
        self.assertEqual(admin.get_key(made.uid).name, "脚本")
        self.assertEqual(admin.update_key(made.uid, {"description": "试用"}).description, "试用")
        self.assertIn(made.uid, [key.uid for key in admin.get_keys().results])
        admin.delete_key(made.uid)
        with self.assertRaises(MeilisearchApiError) as refused:
            visitor.index("passages").search("教师")
        self.assertEqual(refused.exception.code, "invalid_api_key")

    def test_documents_come_and_go(self):
        written = admin.index("passages")
        one = {"id": "python-1", "title": "河北省石家庄市:均衡编班", "text": "均衡编班。"}
        task = admin.wait_for_task(written.add_documents([one]).task_uid)
        self.assertEqual((task.status, task.type), ("succeeded", "documentAdditionOrUpdate"))
        found = passages.get_documents({"filter": "report_id = python-1"}).results
        self.assertEqual(found[0].city, "石家庄市")
        admin.wait_for_task(written.update_documents([{"id": "python-1", "date": "2016-05-05"}]).task_uid)
        lines = b'{"id": "python-2", "title": "a", "text": "b"}\n'
        admin.wait_for_task(written.add_documents_ndjson(lines).task_uid)
        self.assertGreaterEqual(admin.get_tasks({"limit": 3}).total, 3)
        admin.wait_for_task(written.delete_documents(ids=["python-2"]).task_uid)
        task = admin.wait_for_task(written.delete_document("python-1").task_uid)
        self.assertEqual(task.details["deletedDocuments"], 1)
        admin.wait_for_task(written.delete_documents(filter="report_id = python-1").task_uid)
        admin.wait_for_task(written.delete_all_documents().task_uid)
        self.assertEqual(passages.get_documents({"filter": "report_id = python-1"}).total, 0)

    def test_a_wrong_key(self):
        with self.assertRaises(MeilisearchApiError) as refused:
            meilisearch.Client(HOST, "wrong").index("passages").search("教师")
        self.assertEqual(refused.exception.code, "invalid_api_key")


if __name__ == "__main__":
    unittest.main()
