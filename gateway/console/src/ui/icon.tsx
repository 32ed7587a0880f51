const paths = {
  inbox: 'M4 13l2.6-7.2A1.5 1.5 0 018 4.8h8a1.5 1.5 0 011.4 1L20 13v5a1.5 1.5 0 01-1.5 1.5h-13A1.5 1.5 0 014 18zM4 13h4.5a3.5 3.5 0 007 0H20',
  people: 'M9 11.5a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM2.8 19.5c.4-3.3 3-5.2 6.2-5.2s5.8 1.9 6.2 5.2M16 5a3.3 3.3 0 010 6.2M17.8 14.6c2 .7 3.2 2.4 3.4 4.9',
  shield: 'M12 3l7.5 2.8v5.4c0 4.6-3 8.1-7.5 9.8-4.5-1.7-7.5-5.2-7.5-9.8V5.8zM9 12l2.2 2.2L15.2 10',
  team: 'M12 12a4 4 0 100-8 4 4 0 000 8zM4.5 20c.6-3.8 3.6-5.7 7.5-5.7s6.9 1.9 7.5 5.7',
  send: 'M4.5 12h14M13 6.5l5.5 5.5-5.5 5.5',
  back: 'M19.5 12h-14M11 6.5L5.5 12l5.5 5.5',
  check: 'M5.5 12.5l4.3 4.3 8.7-9.3',
  checks: 'M2.5 12.5l4.3 4.3 8.7-9.3M12 16.3l.5.5 8.7-9.3',
  clock: 'M12 4a8 8 0 100 16 8 8 0 000-16zM12 8v4.5l3 1.7',
  alert: 'M12 4a8 8 0 100 16 8 8 0 000-16zM12 8v4.8M12 15.9v.1',
  close: 'M6.5 6.5l11 11M17.5 6.5l-11 11',
  search: 'M11 5a6 6 0 100 12 6 6 0 000-12zM15.5 15.5L20 20',
  filter: 'M4 6.5h16M7 12h10M10 17.5h4',
  bot: 'M6 9.5h12a1.5 1.5 0 011.5 1.5v6.5A1.5 1.5 0 0118 19H6a1.5 1.5 0 01-1.5-1.5V11A1.5 1.5 0 016 9.5zM12 9.5v-4M9.3 14v.1M14.7 14v.1',
  note: 'M6 4.5h12v10.5l-4.5 4.5H6zM13.5 19.5V15H18M9 9h6M9 12.5h3',
  card: 'M4 6.5h16v11H4zM4 10h16M7 14h4',
  transfer: 'M4.5 8.5h13M14 5l3.5 3.5L14 12M19.5 15.5h-13M10 12l-3.5 3.5L10 19',
  reply: 'M5 5.5h14v10h-7l-4 3.5v-3.5H5z',
  lock: 'M7 11V8.5a5 5 0 0110 0V11M6 11h12v8.5H6z',
  eye: 'M3 12c2-4 5.2-6 9-6s7 2 9 6c-2 4-5.2 6-9 6s-7-2-9-6zM12 9.5a2.5 2.5 0 100 5 2.5 2.5 0 000-5z',
  more: 'M6 12v.1M12 12v.1M18 12v.1',
  down: 'M6.5 9.5L12 15l5.5-5.5',
  help: 'M12 4a8 8 0 100 16 8 8 0 000-16zM9.8 9.8c0-3 4.6-2.8 4.6 0 0 1.9-2.4 1.9-2.4 3.7M12 16.3v.1',
  bell: 'M6.5 16.5V11a5.5 5.5 0 0111 0v5.5l1.5 1.5H5zM10 20h4',
  external: 'M13.5 5H19v5.5M19 5l-8 8M10 6H5.5v12.5H18V14',
  info: 'M12 4a8 8 0 100 16 8 8 0 000-16zM12 11v5M12 8v.1',
  download: 'M12 4v11M7 10.5l5 5 5-5M5 19.5h14',
  trash: 'M5 7h14M9.5 7V4.5h5V7M7 7l.8 12.5h8.4L17 7',
  edit: 'M5 19l1-4L16 5l3 3L9 18z',
  plus: 'M12 5v14M5 12h14',
} as const;

export type IconName = keyof typeof paths;

// Icon is a picture beside words; screen readers pass over it.
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
