/** Numbers that a box plot draws. */

/** The quantile of sorted numbers by linear interpolation, as NumPy's default and R's type 7 have it. */
export function quantile(sorted, share) {
  const place = (sorted.length - 1) * share;
  const index = Math.floor(place);
  const next = sorted[Math.min(index + 1, sorted.length - 1)];
  const part = place - index;
  const step = next - sorted[index];
  return Number.isFinite(step) ? sorted[index] + step * part : sorted[index] * (1 - part) + next * part; // the greatest numbers are too far apart
}

/**
 * A box after Tukey: quartiles, the median, whiskers to the last numbers within 1.5 times the box's height beyond it, and
 * the outliers further away.
 */
export function box(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const [low, median, high] = [0.25, 0.5, 0.75].map((share) => quantile(sorted, share));
  const reach = 1.5 * (high - low);
  const within = sorted.filter((each) => each >= low - reach && each <= high + reach);
  return { low, median, high, least: within[0], greatest: within.at(-1), outliers: sorted.filter((each) => each < low - reach || each > high + reach), count: sorted.length };
}
