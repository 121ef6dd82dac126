import { EngineError } from '../../base/mod.ts';
import { visitNamespace, writeSysctl } from '../../sys/mod.ts';
import type { OpenSandbox } from './namespace.ts';

/** A switch of one interface, below `/proc/sys/net`; `IFNAME` stands for the interface. */
interface EndpointSysctl {
  family: string;
  group: string;
  key: string;
  value: string;
}

/**
 * What is wrong with the driver option `com.docker.network.endpoint.sysctls`, a sentence each.
 * Compat: moby `validateEndpointSettings`; the CLI turns IFNAME into lower case.
 */
export function endpointSysctlFaults(text: string): string[] {
  return text
    .split(',')
    .filter((each) => parse(each) === undefined)
    .map(
      (each) =>
        `unrecognised network interface sysctl '${each}'; represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'`,
    );
}

function parse(text: string): EndpointSysctl | undefined {
  const match = /^net\.(ipv4|ipv6|mpls)\.([a-z_]+)\.(?:IFNAME|ifname)\.([a-z0-9_]+)=(.*)$/s.exec(text);
  const [, family, group, key, value] = match ?? [];
  if (family === undefined || group === undefined || key === undefined || value === undefined)
    return undefined;
  return { family, group, key, value };
}

/** Sets them for an interface that is up. Throws `invalid` where the kernel has no such switch, or not that value. */
export function applyEndpointSysctls(
  { fd }: OpenSandbox,
  interface_: string,
  text: string | undefined,
): void {
  if (!text) return;
  const [fault] = endpointSysctlFaults(text);
  if (fault !== undefined) throw new EngineError('invalid', fault);
  const wanted = text.split(',').flatMap((each) => parse(each) ?? []);
  // Why not throw inside: nothing else may run while this thread is in there.
  const failed = visitNamespace(fd, () =>
    wanted.flatMap(({ family, group, key, value }) => {
      const name = `${family}/${group}/${interface_}/${key}`;
      try {
        return writeSysctl(name, value) ? [] : { name, error: undefined };
      } catch (error) {
        return { name, error };
      }
    }),
  );
  const [first] = failed;
  if (!first) return;
  const { name, error } = first;
  const why = error === undefined ? 'no such file or directory' : String((error as Error).message);
  throw new EngineError('invalid', `failed to set sysctl net/${name}: ${why}`, { cause: error });
}

/** Whether they switch IPv6 off: then the endpoint has no address of it. */
export function disablesIpv6(text: string | undefined): boolean {
  return (text ?? '').split(',').some((each) => {
    const { family, key, value } = parse(each) ?? {};
    return family === 'ipv6' && key === 'disable_ipv6' && value?.trim() === '1';
  });
}
