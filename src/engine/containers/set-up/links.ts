import { readFileSync, writeFileSync } from 'node:fs';
import { EngineError, messageOf } from '../../../base/mod.ts';
import type { HostConfig } from '../../../spec/docker/mod.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { isRunning } from '../life/status.ts';
import { findAsParameter } from '../request/network-mode.ts';
import { linkEnvironment } from './link-environment.ts';

/** Another container of the default bridge, known to this one by a name of its own. */
interface Link {
  child: Container;
  alias: string;
}

/** Checks `Links` of a new container and makes `<id>:alias` of each `name:alias`. Throws `invalid` in Docker's words. */
export function resolveLinks(context: ContainersContext, hostConfig: HostConfig): void {
  if (!hostConfig.Links?.length) return;
  hostConfig.Links = hostConfig.Links.map((link) => {
    const parts = link.split(':');
    const [ref = '', asked] = parts;
    if (ref === '') throw new EngineError('invalid', 'empty string specified for links');
    if (parts.length > 2) throw new EngineError('invalid', `bad format for links: ${link}`);
    let child: Container;
    try {
      child = findAsParameter(context, ref);
    } catch (error) {
      throw new EngineError('invalid', `could not get container for ${ref}: ${messageOf(error)}`);
    }
    if (child.record.hostConfig.NetworkMode === 'host') {
      throw new EngineError(
        'invalid',
        "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
      );
    }
    // Compat: what `inspect` prints may be given again.
    const alias = (asked ?? child.name).split('/').at(-1) || child.name;
    return `${child.id}:${alias}`;
  });
}

/** How inspect shows them. Compat: `/child:/parent/alias`; one that is gone is not shown. */
export function shownLinks(context: ContainersContext, container: Container): string[] | null {
  const links = linksOf(context, container);
  return links.length === 0
    ? null
    : links.map(({ child, alias }) => `/${child.name}:/${container.name}/${alias}`);
}

/** The names that others have for it, as `docker ps` shows them: `/parent/alias`. */
export function linkNames(context: ContainersContext, { id }: Container): string[] {
  return context.directory.parentsOf(id).flatMap((parent) =>
    linksOf(context, parent)
      .filter(({ child }) => child.id === id)
      .map(({ alias }) => `/${parent.name}/${alias}`),
  );
}

/** Lines for the hosts file of a start, and its environment. Throws `conflict` where a linked one does not run. */
export function startedLinks(
  context: ContainersContext,
  container: Container,
): { hosts: string[]; env: string[] } {
  const links = container.record.hostConfig.NetworkMode === 'bridge' ? linksOf(context, container) : [];
  for (const { child, alias } of links) {
    if (isRunning(child.status)) continue;
    throw new EngineError(
      'conflict',
      `Cannot link to a non running container: /${child.name} AS /${container.name}/${alias}`,
    );
  }
  return {
    hosts: links.flatMap((link) => hostsLine(link)),
    env: links.flatMap(({ child, alias }) => linkEnvironment(child.record, `/${container.name}/${alias}`)),
  };
}

/** Tells those that link to a container where it is now. Costs nothing where nobody does. */
export function tellParents(context: ContainersContext, child: Container): void {
  for (const parent of context.directory.parentsOf(child.id)) {
    if (!isRunning(parent.status) || parent.record.hostConfig.NetworkMode !== 'bridge') continue;
    const own = linksOf(context, parent).filter((link) => link.child.id === child.id);
    for (const line of own.flatMap((link) => hostsLine(link)))
      replaceHostsLine(parent.record.hostsPath, line);
  }
}

/** Changes the line of one container in a hosts file, in place: it is mounted into another. */
function replaceHostsLine(path: string, line: string): void {
  const [, names] = line.split('\t');
  const rows = readFileSync(path, 'utf8').split('\n');
  const kept = rows.filter((row) => row !== '' && row.split('\t')[1] !== names);
  writeFileSync(path, `${[...kept, line].join('\n')}\n`);
}

/** Compat: the alias, the hostname, and the name if that is another one. */
function hostsLine({ child: { name, record }, alias }: Link): string[] {
  const ip = record.networks['bridge']?.IPAddress;
  const names = [...new Set([alias, record.config.Hostname, name])].filter(Boolean);
  return ip ? [`${ip}\t${names.join(' ')}`] : [];
}

function linksOf(context: ContainersContext, { record }: Container): Link[] {
  return (record.hostConfig.Links ?? []).flatMap((link) => {
    const [id = '', alias = ''] = link.split(':');
    const child = context.directory.get(id);
    return child ? [{ child, alias: alias.split('/').at(-1) ?? alias }] : [];
  });
}
