/** Colours and shapes of marks, told apart by the colour-blind too. */

/** Eight colours after Okabe and Ito (https://jfly.uni-koeln.de/color/), darker where white is behind them. */
const CATEGORIES = {
  light: ["#0072b2", "#c45500", "#007a5a", "#a8558a", "#8a6d00", "#2a8fc7", "#444444", "#b3261e"],
  dark: ["#56b4e9", "#e69f00", "#2fc99b", "#e39ac8", "#f0e442", "#8fd0ff", "#cccccc", "#ff8a75"],
};
/** From low to high: lightness changes steadily, so that the order can be seen without any hue. */
const RAMPS = {
  light: ["#e3b23c", "#7fae5a", "#2f8f83", "#2a5f8a", "#2b2f6b"],
  dark: ["#3a3f8f", "#2f7fa8", "#3aa897", "#9cc96b", "#ffe08a"],
};
/** Outlines of about 8 px round the origin. */
export const SHAPES = [
  "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0",
  "M-3.6-3.6h7.2v7.2h-7.2z",
  "M0-4.8L4.4 3.4H-4.4z",
  "M0-5L5 0 0 5-5 0z",
  "M-4.4-3.4H4.4L0 4.8z",
  "M-1.5-4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z",
  "M-4.5-1.6h9v3.2h-9z",
  "M-1.6-4.5h3.2v9h-3.2z",
];
export const MOST_CATEGORIES = SHAPES.length;

export function isDark() {
  const theme = document.documentElement.dataset.theme;
  return theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
}

export function categoryColour(index) {
  return CATEGORIES[isDark() ? "dark" : "light"][index % MOST_CATEGORIES];
}

/** The colour of a share from 0 to 1. */
export function rampColour(share) {
  const stops = RAMPS[isDark() ? "dark" : "light"];
  const place = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
  const index = Math.min(Math.floor(place), stops.length - 2);
  const [from, to] = [stops[index], stops[index + 1]].map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  return `#${from.map((each, channel) => Math.round(each + (to[channel] - each) * (place - index)).toString(16).padStart(2, "0")).join("")}`;
}
