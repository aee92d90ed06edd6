// What runs in the page that is measured, as text: the types of a browser are none of ours here.

/**
 * Before anything of the page: counts what it asks the API for.
 * `benchReady(selector)`: milliseconds since the navigation began, once that is there and nothing shows that it is still loading;
 * `benchQuiet()`: once nothing more is asked.
 */
export const watchPage = `(() => {
  let asked = 0;
  const real = window.fetch;
  window.fetch = async (...args) => {
    asked += 1;
    try {
      return await real(...args);
    } finally {
      asked -= 1;
    }
  };
  const frame = () => new Promise((done) => requestAnimationFrame(() => done()));
  window.benchReady = async (selector) => {
    const isThere = () => document.querySelector(selector) && !document.querySelector('main [data-loading]');
    while (!isThere() && performance.now() < 60_000) await frame();
    return isThere() ? performance.now() : undefined;
  };
  window.benchQuiet = async () => {
    for (let quiet = 0; quiet < 20; quiet = asked === 0 ? quiet + 1 : 0) await frame();
  };
})()`;

/** Afterwards: what came over the wire, and what the answers of the API cost. */
export const readCosts = `(() => {
  const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
  const calls = all.filter(({ name }) => name.includes('/api/v1/') && !name.includes('/api/v1/live'));
  const files = all.filter((each) => !calls.includes(each) && !each.name.includes('/api/'));
  const bytes = (entries) => entries.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
  const answered = calls.map(({ name, requestStart, responseStart, encodedBodySize }) => ({
    path: new URL(name).pathname.slice('/api/v1'.length) + new URL(name).search,
    waitedMs: responseStart - requestStart,
    bytes: encodedBodySize,
  }));
  return {
    fileBytes: bytes(files),
    calls: answered,
  };
})()`;

/** How many lines the record has. */
export const countLines = `fetch('/api/v1/overview').then((response) => response.json()).then(({ record }) => record.last)`;
