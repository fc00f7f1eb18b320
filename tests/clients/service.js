// The service under test and its keys, as `tests/clients.rs` gives them.

export const HOST = `${process.env.CESOU_ADDRESS}/meili`;
export const SEARCH_KEY = process.env.CESOU_SEARCH_KEY;
export const ADMIN_KEY = process.env.CESOU_ADMIN_KEY;

if (!process.env.CESOU_ADDRESS || !SEARCH_KEY || !ADMIN_KEY) {
  throw new Error("run by tests/clients.rs, which starts a service");
}

/** What a search is answered with, asked for without any client. */
export async function asked(body) {
  const answer = await fetch(`${HOST}/indexes/passages/search`, {
    method: "POST",
    headers: { authorization: `Bearer ${SEARCH_KEY}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

/** How many passages a search finds. */
export async function total(body) {
  return (await asked({ ...body, hitsPerPage: 0 })).totalHits;
}
