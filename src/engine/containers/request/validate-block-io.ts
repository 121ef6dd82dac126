import { EngineError } from '../../../base/mod.ts';
import type { Resources } from '../../../spec/docker/mod.ts';
import type { HostLimits } from '../context.ts';
import { lacking } from './lacking.ts';

const THROTTLES = [
  ['BlkioDeviceReadBps', 'read_bps', 'BPS Block I/O read limit', 'Block I/O BPS read limit discarded'],
  ['BlkioDeviceWriteBps', 'write_bps', 'BPS Block I/O write limit', 'Block I/O BPS write limit discarded'],
  ['BlkioDeviceReadIOps', 'read_iops', 'IOPS Block read limit', 'Block I/O IOPS read limit discarded'],
  ['BlkioDeviceWriteIOps', 'write_iops', 'IOPS Block write limit', 'Block I/O IOPS write limit discarded'],
] as const;

/** The part of `validateResources` about block devices. */
export function validateBlockIo(resources: Resources, host: HostLimits, warnings: string[]): void {
  if (resources.BlkioWeight > 0 && !host.blkioWeight) {
    warnings.push(lacking('Block I/O weight', 'Weight discarded'));
    resources.BlkioWeight = 0;
  }
  const { BlkioWeight: weight } = resources;
  if (weight !== 0 && (weight < 10 || weight > 1000)) {
    throw invalid('Range of blkio weight is from 10 to 1000');
  }
  if (resources.IOMaximumBandwidth !== 0) {
    throw invalid('invalid option: QoS maximum bandwidth configuration is not supported on linux');
  }
  if (resources.IOMaximumIOps !== 0) {
    throw invalid('invalid option: QoS maximum IOPs configuration is not supported on linux');
  }
  if ((resources.BlkioWeightDevice ?? []).length > 0 && !host.blkioWeightDevice) {
    warnings.push(lacking('Block I/O weight_device', 'Weight-device discarded'));
    resources.BlkioWeightDevice = [];
  }
  for (const [field, throttle, what, consequence] of THROTTLES) {
    if ((resources[field] ?? []).length === 0 || host.blkioThrottle[throttle]) continue;
    warnings.push(lacking(what, consequence));
    resources[field] = [];
  }
}

function invalid(message: string): EngineError {
  return new EngineError('invalid', message);
}
