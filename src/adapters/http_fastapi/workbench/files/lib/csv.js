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

/** A row of CSV of these cells. */
export function csvRow(cells) {
  return cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${String(cell).replaceAll('"', '""')}"` : String(cell ?? ""))).join(",") + "\r\n";
}

const MEMBER = /^'?(labels|parameters|results)\.([^ ]+?)(?: \[(.*)\])?$/s;

/**
 * The columns of a table of runs by its header: `{id, name, group, unit, index}`; `group` is "plain" for the members that
 * every run has. The column of units that follows a member whose units differ is left out.
 */
export function runColumns(header) {
  const columns = [];
  header.forEach((title, index) => {
    const found = MEMBER.exec(title);
    if (!found) columns.push({ id: title, name: title, group: "plain", unit: "", index });
    else {
      const [, group, name, unit = ""] = found;
      const last = columns.at(-1);
      const isUnits = last?.group === group && (name === `${last.name}.unit` || (name === last.name && unit === "unit"));
      if (!isUnits) columns.push({ id: `${group}.${name}`, name, group, unit, index });
    }
  });
  return columns;
}

/**
 * Reads the answer of runs.csv: `{columns, rows, isCut}`, rows of text, at most `most`. Each column is told whether it is
 * `numeric` (every cell that is not empty is a number) and how many cells are `filled`.
 */
export async function readRuns(response, most) {
  const reader = new CsvReader();
  const rows = [];
  let columns = null;
  let isCut = false;
  const take = (made) => {
    for (const row of made) {
      if (!columns) columns = runColumns(row);
      else if (rows.length < most) rows.push(row);
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
  for (const column of columns ?? []) describe(column, rows);
  return { columns: columns ?? [], rows, isCut };
}

function describe(column, rows) {
  const texts = rows.map((row) => row[column.index]).filter((text) => text !== "");
  column.filled = texts.length;
  column.numeric = column.group !== "labels" && texts.length > 0 && texts.every((text) => text.trim() !== "" && Number.isFinite(Number(text)));
  column.values = new Set(texts.slice(0, 5000)).size;
}
