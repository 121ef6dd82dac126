import type { ImageSummary } from '../../spec/docker/mod.ts';
import { formatPlatform, type Platform } from '../../spec/platform.ts';
import { columnsOf, ellipsis } from './text.ts';
import { humanSize } from './units.ts';

/** One manifest of an image, in the answer to `manifests=1`. Spec: Engine API, `ImageManifestSummary`. */
interface ManifestSummary {
  ID: string;
  Kind: string;
  Available: boolean;
  Size: { Total: number; Content: number };
  ImageData?: { Platform: Platform; Containers: string[] | null };
}

export type ImageWithManifests = ImageSummary & { Manifests?: ManifestSummary[] | null };

interface Row {
  name: string;
  id: string;
  disk: string;
  content: string;
  used: boolean;
}

interface Column {
  title: string;
  width: number;
  right?: boolean;
  value(row: Row): string;
}

const GAP = '   ';
const WARNING =
  "WARNING: This is an experimental feature. The output may change and shouldn't be depended on.";
/** Narrower than this the names are no names any more: other columns go instead. */
const LEAST_NAME = 12;

/**
 * `images --tree`, in lines: each image, and below it what it has for which platform. Compat: docker/cli 28
 * `image/tree.go`; titles are bold on whatever they are written to, as there, all else is plain where it is no terminal.
 */
export function imageTree(
  images: readonly ImageWithManifests[],
  terminal: { columns: number; isTerminal: boolean },
): string[] {
  const width = Math.max(20, terminal.columns || 80);
  const paint = (codes: string, text: string) =>
    terminal.isTerminal ? `\x1b[${codes}m${text}\x1b[0m` : text;
  const chip = terminal.isTerminal ? '\x1b[38;5;0m\x1b[48;5;14m U \x1b[0m' : 'U';
  const legend = `Info ->  ${chip} In Use `;
  const lines = [
    paint('93', WARNING),
    ' '.repeat(Math.max(0, width - columnsOf(legend.replace(ESCAPES, '')))) + legend,
    '',
  ];
  const views = [...images].sort((a, b) => b.Created - a.Created).map(viewOf);
  const anyUsed = views.some(({ top, children }) => [top, ...children].some(({ used }) => used));
  const columns = fitting(views, width, (row) => (anyUsed ? (row.used ? chip : chip.replace(/U/, ' ')) : ''));
  const [first, ...others] = columns as [Column, ...Column[]];
  const details = (row: Row) => others.map((column) => GAP + cell(column, column.value(row))).join('');
  lines.push(columns.map((column) => bold(cell(column, column.title), column.title)).join(GAP));
  const spaced = views.some(({ children }) => children.length > 0);
  for (const { names, top, children } of views) {
    lines.push(...names.slice(0, -1).map((name) => paint('34;1', name)));
    const name = names.at(-1) ?? '<untagged>';
    const shown = cell(first, name);
    lines.push(paint('34;1', shown.trimEnd()) + shown.slice(shown.trimEnd().length) + details(top));
    for (const [index, child] of children.entries()) {
      const branch = index === children.length - 1 ? '└─ ' : '├─ ';
      lines.push(cell(first, branch + child.name) + details(child));
    }
    if (spaced) lines.push('');
  }
  return lines;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what colours a terminal
const ESCAPES = /\x1b\[[0-9;]*m/g;

interface View {
  /** The longest first: the last one shares its line with the rest. */
  names: string[];
  top: Row;
  children: Row[];
}

function viewOf(image: ImageWithManifests): View {
  const manifests = image.Manifests ?? [];
  const children = manifests.flatMap(({ ID, Kind, Size, ImageData }): Row[] => {
    if (Kind !== 'image' || !ImageData) return [];
    const name = formatPlatform(ImageData.Platform);
    const used = (ImageData.Containers ?? []).length > 0;
    return [
      { name, id: shown(ID), disk: humanSize(Size.Total, 3), content: humanSize(Size.Content, 3), used },
    ];
  });
  const content = manifests.reduce((sum, { Size }) => sum + Size.Content, 0);
  const used = image.Containers > 0 || children.some((child) => child.used);
  const names = [...(image.RepoTags ?? [])].sort((a, b) => b.length - a.length);
  const sizes = { disk: humanSize(image.Size, 3), content: humanSize(content, 3) };
  return { names, top: { name: '', id: shown(image.Id), ...sizes, used }, children };
}

/** As many columns as leave room for names, and names no wider than they must be. */
function fitting(views: readonly View[], width: number, extra: (row: Row) => string): Column[] {
  const columns: Column[] = [
    { title: 'IMAGE', width: 0, value: ({ name }) => name },
    { title: 'ID', width: 12, value: ({ id }) => id },
    { title: 'DISK USAGE', width: 10, right: true, value: ({ disk }) => disk },
    { title: 'CONTENT SIZE', width: 12, right: true, value: ({ content }) => content },
    { title: 'EXTRA', width: 5, value: extra },
  ];
  const all = views.flatMap(({ names, children }) => [...names, ...children.map(({ name }) => `└─ ${name}`)]);
  let left = width;
  let count = 1;
  for (const column of columns.slice(1)) {
    const needed = column.width + GAP.length;
    if (left - needed < LEAST_NAME) break;
    left -= needed;
    count++;
  }
  const widest = Math.max('IMAGE'.length, ...all.map((name) => Buffer.byteLength(name)));
  return columns
    .slice(0, count)
    .map((column, index) => ({ ...column, width: index === 0 ? Math.min(left, widest) : column.width }));
}

function cell({ width, right }: Column, text: string): string {
  const length = columnsOf(text.replace(ESCAPES, ''));
  if (length > width) return ellipsis(text, width);
  const space = ' '.repeat(width - length);
  return right ? space + text : text + space;
}

function bold(padded: string, title: string): string {
  return padded.replace(title, `\x1b[39m\x1b[1m${title}\x1b[0m`);
}

function shown(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}
