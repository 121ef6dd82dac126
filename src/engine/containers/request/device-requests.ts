import { EngineError } from '../../../base/mod.ts';
import { applyEdits, CdiDevices } from '../../../runtime/mod.ts';
import type { DeviceRequest, HostConfig } from '../../../spec/docker/mod.ts';
import type { RuntimeSpec } from '../../../spec/oci/runtime.ts';

/** Whose devices `--gpus` means, where there is a file about them. */
const GPUS = 'nvidia.com/gpu';

/** A container's bundle with the devices that it asks for (`--device vendor/class=name`, `--gpus`). Throws `invalid`. */
export function withRequestedDevices(
  spec: RuntimeSpec,
  requests: HostConfig['DeviceRequests'],
  directories: readonly string[],
): RuntimeSpec {
  if (!requests?.length) return spec;
  const devices = new CdiDevices(directories);
  const names = requests.flatMap((request) => namesOf(request, devices));
  return applyEdits(spec, devices.editsOf([...new Set(names)]));
}

/** Compat: moby `daemon/cdi.go`; there is no device driver but CDI. */
function namesOf(request: DeviceRequest, devices: CdiDevices): string[] {
  if (request.Driver === 'cdi') {
    if (request.Count !== 0) throw invalid('unexpected count in CDI device request');
    if (Object.keys(request.Options ?? {}).length > 0)
      throw invalid('unexpected options in CDI device request');
    return request.DeviceIDs ?? [];
  }
  const gpus = devices.names().filter((name) => name.startsWith(`${GPUS}=`));
  const wants = request.Driver === '' || request.Driver === 'nvidia';
  const onlyGpus = (request.Capabilities ?? []).some((group) => group.includes('gpu'));
  if (!wants || !onlyGpus || gpus.length === 0) throw noDriver(request);
  return gpusOf(request, gpus);
}

/** Those that are named, the first so many, or all. */
function gpusOf({ DeviceIDs, Count }: DeviceRequest, known: string[]): string[] {
  if (DeviceIDs?.length) return DeviceIDs.map((id) => `${GPUS}=${id}`);
  const all = `${GPUS}=all`;
  if (Count < 0) return known.includes(all) ? [all] : known;
  return Array.from({ length: Count }, (_, index) => `${GPUS}=${index}`);
}

/** Compat: Go prints a list of lists so. */
function noDriver({ Driver, Capabilities }: DeviceRequest): EngineError {
  const capabilities = (Capabilities ?? []).map((group) => `[${group.join(' ')}]`).join(' ');
  const why = `could not select device driver ${JSON.stringify(Driver)} with capabilities: [${capabilities}]`;
  return new EngineError('internal', why);
}

function invalid(message: string): EngineError {
  return new EngineError('invalid', message);
}
