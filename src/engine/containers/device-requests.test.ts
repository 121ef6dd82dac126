import { expect, test } from 'bun:test';
import { checkDeviceRequests } from './device-requests.ts';

test('checkDeviceRequests refuses what has no driver, as Docker', () => {
  checkDeviceRequests(null);
  checkDeviceRequests([]);
  const gpus = {
    Driver: '',
    Count: -1,
    DeviceIDs: null,
    Capabilities: [['gpu', 'nvidia'], ['x']],
    Options: null,
  };
  expect(() => checkDeviceRequests([gpus])).toThrow(
    'could not select device driver "" with capabilities: [[gpu nvidia] [x]]',
  );
});
