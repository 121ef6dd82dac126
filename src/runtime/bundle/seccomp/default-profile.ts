import type { RuntimeSeccomp, RuntimeSyscallRule } from '../../../spec/oci/runtime.ts';
import { ALLOWED } from './allowed.ts';
import { BY_ARCHITECTURE, BY_CAPABILITY, DENIED } from './conditional.ts';

const EPERM = 1;
const ENOSYS = 38;
const AF_VSOCK = 40;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. Spec: linux/sched.h. */
const NAMESPACE_FLAGS = [
  0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000,
];
/** PER_LINUX, PER_LINUX32, UNAME26 with each, and the question what it is. Spec: personality(2). */
const PERSONALITIES = [0, 0x0008, 0x2_0000, 0x2_0008, 0xffff_ffff];
const ARCHITECTURES: Readonly<Record<string, string[]>> = {
  x64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
};

/**
 * The profile of a container with these capabilities. What it does not know fails with ENOSYS, so that a C library
 * falls back on older calls; what it knows and denies, with EPERM. Compat: Docker's answers EPERM to both.
 */
export function defaultSeccomp(capabilities: readonly string[], architecture: string): RuntimeSeccomp {
  const held = new Set(capabilities);
  const allowed = new Set(words(Object.values(ALLOWED)));
  const denied = new Set(words(Object.values(DENIED)));
  for (const name of words([BY_ARCHITECTURE[architecture] ?? ''])) allowed.add(name);
  for (const [capability, names] of Object.entries(BY_CAPABILITY)) {
    for (const name of words([names])) (held.has(capability) ? allowed : denied).add(name);
  }
  const mayUnshare = held.has('CAP_SYS_ADMIN');
  const special = mayUnshare ? [] : ['clone', 'clone3'];
  const never = [...denied].filter((name) => !allowed.has(name) && !special.includes(name));
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: ENOSYS,
    architectures: ARCHITECTURES[architecture] ?? [],
    syscalls: [
      allow([...allowed].sort()),
      deny(never.sort()),
      allow(['socket'], { index: 0, value: AF_VSOCK, op: 'SCMP_CMP_NE' }),
      deny(['socket'], { index: 0, value: AF_VSOCK, op: 'SCMP_CMP_EQ' }),
      ...PERSONALITIES.map((value) => allow(['personality'], { index: 0, value, op: 'SCMP_CMP_EQ' })),
      ...(mayUnshare ? [] : cloneRules()),
    ],
  };
}

/** Threads and processes yes, new namespaces no; clone3, whose flags a filter cannot see, is "not there". */
function cloneRules(): RuntimeSyscallRule[] {
  const mask = NAMESPACE_FLAGS.reduce((sum, flag) => sum + flag, 0);
  return [
    allow(['clone'], { index: 0, value: mask, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }),
    ...NAMESPACE_FLAGS.map((flag) =>
      deny(['clone'], { index: 0, value: flag, valueTwo: flag, op: 'SCMP_CMP_MASKED_EQ' }),
    ),
    { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
  ];
}

type Arg = NonNullable<RuntimeSyscallRule['args']>[number];

function allow(names: string[], arg?: Arg): RuntimeSyscallRule {
  return { names, action: 'SCMP_ACT_ALLOW', ...(arg && { args: [arg] }) };
}

function deny(names: string[], arg?: Arg): RuntimeSyscallRule {
  return { names, action: 'SCMP_ACT_ERRNO', errnoRet: EPERM, ...(arg && { args: [arg] }) };
}

function words(lists: string[]): string[] {
  return lists.flatMap((list) => list.split(/\s+/).filter(Boolean));
}
