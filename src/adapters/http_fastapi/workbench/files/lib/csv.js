/** Reads CSV as RFC 4180 has it, piece by piece, and the service's table of runs. */

/** Feed it text with `push`, which gives the rows that are complete; `end` gives the last one. */
export class CsvReader {
  #cell = "";
  #row = [];
  #quoted = false;
  #maybeEnd = false; // a quote within quotes: the end, or the first of two

  push(text) {
    const rows = [];
    for (const char of text) {
      if (this.#maybeEnd) {
        this.#maybeEnd = false;
        if (char === '"') {
          this.#cell += '"';
          continue;
        }
        this.#quoted = false;
      }
      if (this.#quoted) {
        if (char === '"') this.#maybeEnd = true;
        else this.#cell += char;
      } else if (char === '"' && !this.#cell) this.#quoted = true;
      else if (char === ",") this.#endCell();
      else if (char === "\n") {
        this.#endCell();
        rows.push(this.#row);
        this.#row = [];
      } else if (char !== "\r") this.#cell += char;
    }
    return rows;
  }

  end() {
    if (!this.#cell && !this.#row.length) return [];
    return this.push("\n");
  }

  #endCell() {
    this.#row.push(this.#cell);
    this.#cell = "";
  }
}

/** A row of CSV of these cells, which no spreadsheet runs as formulas. */
export function csvRow(cells) {
  return cells.map((cell) => quoted(harmless(cell))).join(",") + "\r\n";
}

function quoted(text) {
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const SIGNS = "[=+@\\uff1d\\uff0b\\uff0d\\uff20-]"; // how formulas begin
const BREAKS = "[;\\t-\\r\\x1c-\\x1f\\x85\\u2028\\u2029]"; // where spreadsheets may begin another cell
const BEFORE_FORMULA = new RegExp(`^(?=\\s*${SIGNS}|[\\t\\r])|(?<=${BREAKS})(?=(?:(?!${BREAKS})[\\s"])*${SIGNS})`, "g");
const APOSTROPHE = new RegExp(`^'(?=\\s*${SIGNS}|[\\t\\r])|(?<=${BREAKS})'(?=(?:(?!${BREAKS})[\\s"])*${SIGNS})`, "g");
const NUMBER = /^[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$/;

/** The text with an apostrophe wherever a spreadsheet would run what follows as a formula; a number stays. */
export function harmless(text) {
  return NUMBER.test(text) ? String(text) : String(text).replace(BEFORE_FORMULA, "'");
}

/**
 * The text before `harmless`. The service writes `=a` and `'=a` alike: both are read as `=a`, which is by far the more
 * frequent.
 */
export function unharmed(text) {
  return text.includes("'") ? text.replace(APOSTROPHE, "") : text;
}

/** The number that a cell has, null where it is empty or a text. */
export function numberIn(text) {
  return text && NUMBER.test(text) && Number.isFinite(Number(text)) ? Number(text) : null;
}

const MEMBER = /^(labels|parameters|results)\.([^ ]+?)(?: \[(.*)\])?$/s;

/**
 * The columns of a table of runs by its header: `{id, name, group, unit, index}`; `group` is "plain" for the members that
 * every run has. The column of units that follows a member whose units differ is no column but its `unitIndex`.
 */
export function runColumns(header) {
  const columns = [];
  header.forEach((title, index) => {
    const found = MEMBER.exec(unharmed(title));
    if (!found) columns.push({ id: title, name: title, group: "plain", unit: "", index });
    else {
      const [, group, name, unit = ""] = found;
      const last = columns.at(-1);
      const follows = group !== "labels" && last?.group === group && last.index === index - 1 && !last.unit;
      if (follows && (name === `${last.name}.unit` || (name === last.name && unit === "unit"))) last.unitIndex = index;
      else columns.push({ id: `${group}.${name}`, name, group, unit, index });
    }
  });
  return columns;
}

/**
 * Reads the answer of runs.csv: `{columns, rows, isCut}`, rows of text, at most `most`. Each column is told how many of its
 * cells are `filled`, whether it is `numeric` (at least half of these are numbers), and how many `values` it has.
 */
export async function readRuns(response, most) {
  const reader = new CsvReader();
  const rows = [];
  let columns = null;
  let isCut = false;
  const take = (made) => {
    for (const row of made) {
      if (!columns) columns = runColumns(row);
      else if (rows.length < most) rows.push(row.map(unharmed));
      else isCut = true;
    }
  };
  const chunks = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await chunks.read();
    if (done) break;
    take(reader.push(value));
    if (isCut) {
      await chunks.cancel();
      break;
    }
  }
  if (!isCut) take(reader.end());
  columns = withMisread(columns ?? [], rows);
  for (const column of columns) describe(column, rows);
  return { columns, rows, isCut };
}

/** A header cannot tell the units of `alpha` from a parameter `alpha.unit`; numbers are no units. */
function withMisread(columns, rows) {
  return columns.flatMap((column) => {
    const index = column.unitIndex;
    if (index === undefined || !rows.some((row) => numberIn(row[index]) !== null)) return [column];
    delete column.unitIndex;
    return [column, { id: `${column.id}.unit`, name: `${column.name}.unit`, group: column.group, unit: "", index }];
  });
}

function describe(column, rows) {
  const texts = rows.map((row) => row[column.index]).filter((text) => text !== "");
  column.filled = texts.length;
  const numbers = texts.filter((text) => numberIn(text) !== null).length;
  column.numeric = column.group !== "labels" && numbers > 0 && numbers * 2 >= texts.length;
  column.values = new Set(texts).size;
}
