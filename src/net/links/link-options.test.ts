import { describe, expect, test } from 'bun:test';
import { dummyParent, linkOptions } from './link-options.ts';

describe('options of macvlan and ipvlan networks', () => {
  test('have the defaults of Docker', () => {
    expect(linkOptions('macvlan', {})).toEqual({ parent: '', mode: 'bridge' });
    expect(linkOptions('ipvlan', {})).toEqual({ parent: '', mode: 'l2', flag: 'bridge' });
    expect(linkOptions('macvlan', { parent: 'eth0.10', macvlan_mode: 'vepa', ipvlan_mode: 'no' })).toEqual({
      parent: 'eth0.10',
      mode: 'vepa',
    });
    expect(linkOptions('ipvlan', { parent: 'e', ipvlan_mode: 'l3s', ipvlan_flag: 'private' })).toEqual({
      parent: 'e',
      mode: 'l3s',
      flag: 'private',
    });
  });

  test.each([
    [
      'macvlan',
      { macvlan_mode: 'l2' },
      "requested macvlan mode 'l2' is not valid, 'bridge' mode is the macvlan driver default",
    ],
    [
      'ipvlan',
      { ipvlan_mode: 'bridge' },
      "requested ipvlan mode 'bridge' is not valid, 'l2' mode is the ipvlan driver default",
    ],
    [
      'ipvlan',
      { ipvlan_flag: 'l2' },
      "requested ipvlan flag 'l2' is not valid, 'bridge' is the ipvlan driver default",
    ],
    ['macvlan', { parent: 'lo' }, 'loopback interface is not a valid macvlan parent link'],
    ['ipvlan', { parent: 'lo' }, 'loopback interface is not a valid ipvlan parent link'],
  ] as const)('of %s: %j is refused', (driver, options, sentence) => {
    expect(() => linkOptions(driver, options)).toThrow(sentence);
  });

  test('name a parent of its own where there is none', () => {
    expect(dummyParent('macvlan', '0123456789abcdef')).toBe('dm-0123456789ab');
    expect(dummyParent('ipvlan', '0123456789abcdef')).toBe('di-0123456789ab');
  });
});
