import { EngineError } from '../../base/mod.ts';
import type { HostConfig } from '../../spec/docker/mod.ts';

/** No device driver (`--gpus`) is there: Docker's sentence for the first that is asked for. */
export function checkDeviceRequests(requests: HostConfig['DeviceRequests']): void {
  const [first] = requests ?? [];
  if (!first) return;
  // Compat: Go prints a list of lists so.
  const capabilities = (first.Capabilities ?? []).map((group) => `[${group.join(' ')}]`).join(' ');
  throw new EngineError(
    'internal',
    `could not select device driver ${JSON.stringify(first.Driver)} with capabilities: [${capabilities}]`,
  );
}
