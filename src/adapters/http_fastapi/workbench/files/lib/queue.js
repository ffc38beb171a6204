/** Does some work at a time, the latest first: what has been scrolled past is no longer of interest. */

/** `queue(4)` gives `add(work)`: a promise of what the asynchronous function gives, of which at most 4 run at once. */
export function queue(atOnce) {
  const waiting = [];
  let running = 0;
  const begin = () => {
    while (running < atOnce && waiting.length) {
      const { work, resolve, reject } = waiting.pop();
      running += 1;
      work()
        .then(resolve, reject)
        .finally(() => {
          running -= 1;
          begin();
        });
    }
  };
  return (work) =>
    new Promise((resolve, reject) => {
      waiting.push({ work, resolve, reject });
      begin();
    });
}
