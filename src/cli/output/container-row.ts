import type { ContainerSummary, PortSummary } from '../../spec/docker/mod.ts';
import type { ListFormat, Row } from './format-list.ts';
import { ellipsis } from './text.ts';
import { goTime } from './time.ts';
import { humanDuration, humanSize } from './units.ts';

const COMMAND_WIDTH = 20;
const MOUNT_WIDTH = 15;

const PLAIN = '{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}';

const RAW = `container_id: {{.ID}}
image: {{.Image}}
command: {{.Command}}
created_at: {{.CreatedAt}}
state: {{- pad .State 1 0}}
status: {{- pad .Status 1 0}}
names: {{.Names}}
labels: {{- pad .Labels 1 0}}
ports: {{- pad .Ports 1 0}}
`;

/** How `ps` lists containers. */
export function containerFormat(size: boolean): ListFormat {
  return {
    headers: {
      ID: 'CONTAINER ID',
      Names: 'NAMES',
      Image: 'IMAGE',
      Command: 'COMMAND',
      CreatedAt: 'CREATED AT',
      RunningFor: 'CREATED',
      Ports: 'PORTS',
      State: 'STATE',
      Status: 'STATUS',
      Size: 'SIZE',
      Labels: 'LABELS',
      Label: (name: unknown) => name,
      Mounts: 'MOUNTS',
      LocalVolumes: 'LOCAL VOLUMES',
      Networks: 'NETWORKS',
      Platform: 'PLATFORM',
    },
    table: size ? `${PLAIN}\t{{.Size}}` : PLAIN,
    raw: size ? `${RAW}size: {{.Size}}\n` : RAW,
    goType: '*formatter.ContainerContext',
  };
}

/** One container's fields. Compat: docker/cli `formatter.ContainerContext`. */
export function containerRow(c: ContainerSummary, trunc: boolean): Row {
  const labels = c.Labels ?? {};
  const mounts = c.Mounts ?? [];
  return {
    ID: trunc ? c.Id.slice(0, 12) : c.Id,
    Names: names(c.Names ?? [], trunc),
    Image: image(c, trunc),
    Command: JSON.stringify(trunc ? ellipsis(c.Command, COMMAND_WIDTH) : c.Command),
    CreatedAt: goTime(c.Created),
    RunningFor: `${humanDuration(Date.now() / 1000 - c.Created)} ago`,
    Ports: portList(c.Ports ?? []),
    State: c.State,
    Status: c.Status,
    Size: size(c),
    Labels: Object.keys(labels)
      .sort()
      .map((key) => `${key}=${labels[key]}`)
      .join(','),
    Label: (name: unknown) => labels[String(name)] ?? '',
    Mounts: mounts
      .map((mount) => mount.Name || mount.Source)
      .map((name) => (trunc ? ellipsis(name, MOUNT_WIDTH) : name))
      .join(','),
    LocalVolumes: String(mounts.filter((mount) => mount.Driver === 'local').length),
    Networks: Object.keys(c.NetworkSettings?.Networks ?? {}).join(','),
    Platform: null,
  };
}

/** Names without the slash; a name with a second slash is one that a link gave. */
function names(all: string[], trunc: boolean): string {
  const bare = all.map((name) => name.replace(/^\//, ''));
  const own = trunc ? bare.find((name) => !name.includes('/')) : undefined;
  return own ?? bare.join(',');
}

function image({ Image, ImageID }: ContainerSummary, trunc: boolean): string {
  if (Image === '') return '<no image>';
  if (!trunc) return Image;
  const id = ImageID.replace(/^sha256:/, '').slice(0, 12);
  if (id !== '' && id === Image.replace(/^sha256:/, '').slice(0, 12)) return id;
  return Image.replace(/@sha256:.*$/, '').replace(/^(index\.)?docker\.io\/(library\/)?/, '');
}

function size({ SizeRw = 0, SizeRootFs = 0 }: ContainerSummary): string {
  const own = humanSize(SizeRw, 3);
  return SizeRootFs > 0 ? `${own} (virtual ${humanSize(SizeRootFs, 3)})` : own;
}

/** `0.0.0.0:8080->80/tcp, 443-444/tcp`: neighbours of one kind are one range. Compat: `DisplayablePorts`. */
function portList(ports: PortSummary[]): string {
  const ranges: string[] = [];
  const mappings: string[] = [];
  const open = new Map<string, { port: PortSummary; first: number; last: number }>();
  const show = ({ port, first, last }: { port: PortSummary; first: number; last: number }) => {
    const range = first === last ? `${first}` : `${first}-${last}`;
    return `${port.IP ? `${host(port.IP)}:${range}->` : ''}${range}/${port.Type}`;
  };
  for (const port of [...ports].sort(comparePorts)) {
    if (port.IP && port.PublicPort !== port.PrivatePort) {
      mappings.push(`${host(port.IP)}:${port.PublicPort ?? 0}->${port.PrivatePort}/${port.Type}`);
      continue;
    }
    const key = `${port.IP ?? ''}/${port.Type}`;
    const group = open.get(key);
    if (group && port.PrivatePort === group.last + 1) {
      group.last = port.PrivatePort;
      continue;
    }
    if (group) ranges.push(show(group));
    // Why set and not delete first: a key keeps its first place in the order.
    open.set(key, { port, first: port.PrivatePort, last: port.PrivatePort });
  }
  return [...ranges, ...[...open.values()].map(show), ...mappings].join(', ');
}

function host(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

function comparePorts(a: PortSummary, b: PortSummary): number {
  return (
    a.PrivatePort - b.PrivatePort ||
    compare(a.IP ?? '', b.IP ?? '') ||
    (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
    compare(a.Type, b.Type)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
