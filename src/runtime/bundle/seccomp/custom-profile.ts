import { z } from 'zod';
import { EngineError, messageOf } from '../../../base/mod.ts';
import type { RuntimeSeccomp, RuntimeSyscallRule } from '../../../spec/oci/runtime.ts';

const filter = z.object({
  caps: z.array(z.string()).nullish(),
  arches: z.array(z.string()).nullish(),
  minKernel: z.string().nullish(),
});
const profile = z.object({
  defaultAction: z.string(),
  defaultErrnoRet: z.number().int().nonnegative().nullish(),
  architectures: z.array(z.string()).nullish(),
  archMap: z
    .array(z.object({ architecture: z.string(), subArchitectures: z.array(z.string()).nullish() }))
    .nullish(),
  flags: z.array(z.string()).nullish(),
  syscalls: z
    .array(
      z.object({
        name: z.string().nullish(),
        names: z.array(z.string()).nullish(),
        action: z.string(),
        errnoRet: z.number().int().nonnegative().nullish(),
        args: z
          .array(
            z.object({
              index: z.number().int().min(0).max(5),
              value: z.number().nonnegative(),
              valueTwo: z.number().nonnegative().optional(),
              op: z.string(),
            }),
          )
          .nullish(),
        includes: filter.nullish(),
        excludes: filter.nullish(),
      }),
    )
    .nullish(),
});

const ARCHITECTURE_NAMES: Readonly<Record<string, { docker: string; seccomp: string }>> = {
  x64: { docker: 'amd64', seccomp: 'SCMP_ARCH_X86_64' },
  arm64: { docker: 'arm64', seccomp: 'SCMP_ARCH_AARCH64' },
};

export interface ProfileFacts {
  capabilities: readonly string[];
  /** As Node names it: `x64`, `arm64`. */
  architecture: string;
  /** `uname -r`. */
  kernel: string;
}

/**
 * Resolves a profile of the user's (`--security-opt seccomp=<file>`; the client sends the file's content): rules that
 * hang on capabilities, architecture or kernel are taken or left. Throws `invalid`.
 */
export function customSeccomp(json: string, facts: ProfileFacts): RuntimeSeccomp {
  const parsed = parse(json);
  const names = ARCHITECTURE_NAMES[facts.architecture];
  const mapped = parsed.archMap?.find(({ architecture }) => architecture === names?.seccomp);
  const architectures = mapped
    ? [mapped.architecture, ...(mapped.subArchitectures ?? [])]
    : (parsed.architectures ?? []);
  type Filter = z.infer<typeof filter> | null | undefined;
  const hasArch = (list: string[]) => names !== undefined && list.includes(names.docker);
  const included = (wanted: Filter) =>
    (!wanted?.arches?.length || hasArch(wanted.arches)) &&
    (wanted?.caps ?? []).every((cap) => facts.capabilities.includes(cap)) &&
    (!wanted?.minKernel || kernelAtLeast(facts.kernel, wanted.minKernel));
  const excluded = (unwanted: Filter) =>
    (unwanted?.arches?.length && hasArch(unwanted.arches)) ||
    (unwanted?.caps ?? []).some((cap) => facts.capabilities.includes(cap)) ||
    (unwanted?.minKernel && kernelAtLeast(facts.kernel, unwanted.minKernel));
  return {
    defaultAction: parsed.defaultAction,
    ...(parsed.defaultErrnoRet != null && { defaultErrnoRet: parsed.defaultErrnoRet }),
    ...(architectures.length > 0 && { architectures }),
    ...(parsed.flags?.length && { flags: parsed.flags }),
    syscalls: (parsed.syscalls ?? [])
      .filter((rule) => included(rule.includes) && !excluded(rule.excludes))
      .map(
        (rule): RuntimeSyscallRule => ({
          names: rule.names ?? (rule.name ? [rule.name] : []),
          action: rule.action,
          ...(rule.errnoRet != null && { errnoRet: rule.errnoRet }),
          ...(rule.args?.length && {
            args: rule.args.map(({ index, value, valueTwo, op }) => ({
              index,
              value,
              op,
              ...(valueTwo !== undefined && { valueTwo }),
            })),
          }),
        }),
      ),
  };
}

function parse(json: string): z.infer<typeof profile> {
  try {
    return profile.parse(JSON.parse(json));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw new EngineError('invalid', `Decoding seccomp profile failed: ${why}`, { cause: error });
  }
}

function kernelAtLeast(kernel: string, wanted: string): boolean {
  const [a = 0, b = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  const [c = 0, d = 0] = wanted.split('.').map((part) => Number.parseInt(part, 10));
  return a > c || (a === c && b >= d);
}
