// Tells the service which hit was chosen: nothing of who chose it, and nothing at all where the
// browser says that its reader is not to be followed.

/**
 * @param {URL | string} endpoint where the service is
 * @param {string | null} key
 * @param {{ type: "click", query: string, id: string, rank: number }} event
 */
export function report(endpoint, key, event) {
  const from = /** @type {Navigator & { globalPrivacyControl?: boolean }} */ (navigator);
  if (from.doNotTrack === "1" || from.globalPrivacyControl) return;
  const url = new URL("api/v1/events", endpoint);
  const body = JSON.stringify(event);
  // The page is about to be left. What is sent then for sure cannot carry a key.
  if (key || !from.sendBeacon(url, body))
    fetch(url, {
      method: "POST",
      body,
      keepalive: true,
      credentials: "omit",
      headers: key ? { "X-API-Key": key } : {},
    }).catch(() => {});
}
