import { describe, expect, test } from 'bun:test';
import { DEFAULT_CAPABILITIES } from '../capabilities.ts';
import { customSeccomp } from './custom-profile.ts';
import { defaultSeccomp } from './default-profile.ts';

describe('defaultSeccomp', () => {
  const actionsOf = (name: string, capabilities: string[]) =>
    defaultSeccomp(capabilities, 'x64')
      .syscalls.filter(({ names }) => names.includes(name))
      .map(({ action, errnoRet }) => (action === 'SCMP_ACT_ALLOW' ? 'allow' : errnoRet));

  test('allows, denies with EPERM and hides with ENOSYS', () => {
    expect(actionsOf('read', DEFAULT_CAPABILITIES)).toEqual(['allow']);
    expect(actionsOf('chroot', DEFAULT_CAPABILITIES)).toEqual(['allow']);
    expect(actionsOf('keyctl', DEFAULT_CAPABILITIES)).toEqual([1]);
    expect(actionsOf('mount', DEFAULT_CAPABILITIES)).toEqual([1]);
    expect(actionsOf('clone3', DEFAULT_CAPABILITIES)).toEqual([38]);
    expect(actionsOf('nonsense', DEFAULT_CAPABILITIES)).toEqual([]);
  });

  test('follows the capabilities', () => {
    expect(actionsOf('mount', ['CAP_SYS_ADMIN'])).toEqual(['allow']);
    expect(actionsOf('clone3', ['CAP_SYS_ADMIN'])).toEqual(['allow']);
    expect(actionsOf('syslog', ['CAP_SYSLOG'])).toEqual(['allow']);
    expect(actionsOf('chroot', [])).toEqual([1]);
    expect(actionsOf('keyctl', ['CAP_SYS_ADMIN'])).toEqual([1]);
  });

  test('never both allows and denies a call without looking at its arguments', () => {
    const plain = defaultSeccomp(DEFAULT_CAPABILITIES, 'x64').syscalls.filter(({ args }) => !args);
    const names = plain.flatMap((rule) => rule.names);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('customSeccomp', () => {
  const facts = { capabilities: ['CAP_SYS_TIME'], architecture: 'x64', kernel: '5.10.3-amd64' };
  const resolve = (rule: object) =>
    customSeccomp(
      JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ action: 'SCMP_ACT_ALLOW', ...rule }] }),
      facts,
    ).syscalls;

  test('takes and leaves rules by capability, architecture and kernel', () => {
    expect(resolve({ names: ['a'], includes: { caps: ['CAP_SYS_TIME'] } })).toHaveLength(1);
    expect(resolve({ names: ['a'], includes: { caps: ['CAP_BPF'] } })).toHaveLength(0);
    expect(resolve({ names: ['a'], excludes: { caps: ['CAP_SYS_TIME'] } })).toHaveLength(0);
    expect(resolve({ names: ['a'], includes: { arches: ['arm64'] } })).toHaveLength(0);
    expect(resolve({ names: ['a'], includes: { minKernel: '4.8' } })).toHaveLength(1);
    expect(resolve({ names: ['a'], includes: { minKernel: '5.11' } })).toHaveLength(0);
    expect(resolve({ name: 'old' })).toEqual([{ names: ['old'], action: 'SCMP_ACT_ALLOW' }]);
  });

  test('takes the sub-architectures of ours', () => {
    const archMap = [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }];
    expect(customSeccomp(JSON.stringify({ defaultAction: 'SCMP_ACT_LOG', archMap }), facts)).toEqual({
      defaultAction: 'SCMP_ACT_LOG',
      architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
      syscalls: [],
    });
  });
});
