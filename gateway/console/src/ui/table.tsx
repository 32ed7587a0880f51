import type { ComponentChildren } from 'preact';

export interface Column<Row> {
  key: string;
  title: string;
  cell: (row: Row) => ComponentChildren;
  // narrow columns keep their words on one line.
  narrow?: boolean;
}

interface Props<Row> {
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  id: (row: Row) => string;
  empty: string;
}

// Table is a real table with a caption. Narrow windows show each row as a block, with the titles of
// the columns before the values.
export function Table<Row>({ caption, columns, rows, id, empty }: Props<Row>) {
  return (
    <table class="table">
      <caption class="sr">{caption}</caption>
      <thead>
        <tr>{columns.map((c) => <th key={c.key} scope="col">{c.title}</th>)}</tr>
      </thead>
      <tbody>
        {rows.length === 0 && <tr><td class="empty" colSpan={columns.length}>{empty}</td></tr>}
        {rows.map((row) => (
          <tr key={id(row)}>
            {columns.map((c) => <td key={c.key} class={c.narrow ? 'narrow' : undefined} data-title={c.title}>{c.cell(row)}</td>)}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
