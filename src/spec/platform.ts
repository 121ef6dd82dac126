import { arch, platform } from 'node:process';
import { EngineError } from '../base/mod.ts';

/** Spec: OCI image spec, image-index.md, "platform". */
export interface Platform {
  os: string;
  architecture: string;
  variant?: string;
  'os.version'?: string;
  'os.features'?: string[];
}

const OS_PART = /^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.-]*)\))?$/;
const PART = /^[A-Za-z0-9_.-]+$/;
const KNOWN_OS = words(
  'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos',
);
const KNOWN_ARCH = words(
  '386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm',
);
const NODE_ARCH: Record<string, string> = { x64: 'amd64', ia32: '386', mipsel: 'mipsle' };

/** The platform of the machine this program runs on, in Go's names. */
export function hostPlatform(): Platform {
  return normalizePlatform({ os: platform, architecture: NODE_ARCH[arch] ?? arch });
}

/**
 * `linux/arm64/v8`, `arm64`, `linux`, … as a platform. Throws `invalid` in Docker's words. Compat: `Parse` of
 * containerd/platforms 1.0.
 */
export function parsePlatform(text: string): Platform {
  const q = JSON.stringify(text);
  if (text.includes('*')) throw invalid(`${q}: wildcards not yet supported`);
  const parts = text.split('/');
  const [first = '', second, variant] = parts;
  const os = OS_PART.exec(first);
  if (!os) {
    throw invalid(
      `${JSON.stringify(first)} is an invalid OS component of ${q}: OSAndVersion specifier component must match ${JSON.stringify(OS_PART.source)}`,
    );
  }
  for (const part of parts.slice(1, 4)) {
    if (PART.test(part)) continue;
    throw invalid(
      `${JSON.stringify(part)} is an invalid component of ${q}: platform specifier component must match ${JSON.stringify(PART.source)}`,
    );
  }
  if (parts.length > 3) throw invalid(`${q}: cannot parse platform specifier`);
  const osName = normalizeOs(os[1] ?? '');
  const osVersion = os[2] ? { 'os.version': os[2] } : {};
  const host = hostPlatform();
  if (second === undefined) {
    if (KNOWN_OS.has(osName)) return { ...host, os: osName, ...osVersion };
    const parsed = withoutImpliedVariant(normalizePlatform({ os: host.os, architecture: first }));
    if (KNOWN_ARCH.has(parsed.architecture)) return parsed;
    throw invalid(`${q}: unknown operating system or architecture`);
  }
  const named = normalizePlatform({
    os: osName,
    architecture: second,
    ...(variant !== undefined && { variant }),
    ...osVersion,
  });
  if (variant === undefined) return withoutImpliedVariant(named);
  return named.architecture === 'arm64' && named.variant === undefined ? { ...named, variant: 'v8' } : named;
}

/** `linux/arm64/v8`. */
export function formatPlatform(p: Platform): string {
  const os = p['os.version'] ? `${p.os}(${p['os.version']})` : p.os;
  return [os || 'unknown', p.architecture, p.variant].filter(Boolean).join('/');
}

/** One spelling for each platform: `x86_64` becomes `amd64`, `aarch64/v8` `arm64`, `arm` `arm/v7`. */
function normalizePlatform(p: Platform): Platform {
  const { variant: _variant, ...rest } = p;
  const { architecture, variant } = normalizeArch(
    p.architecture.toLowerCase(),
    (p.variant ?? '').toLowerCase(),
  );
  return { ...rest, os: normalizeOs(p.os), architecture, ...(variant && { variant }) };
}

/**
 * How well `candidate` serves who asked for `wanted`: 0 is exact, higher is worse (an older variant that also runs
 * there), undefined is not at all. Compat: the order of `platforms.Only`.
 */
export function platformDistance(wanted: Platform, candidate: Platform): number | undefined {
  const have = normalizePlatform(candidate);
  const index = runsOn(normalizePlatform(wanted)).findIndex(
    (p) => p.os === have.os && p.architecture === have.architecture && p.variant === have.variant,
  );
  return index < 0 ? undefined : index;
}

/** True if an image for `candidate` serves who asked for `wanted`. */
export function matchesPlatform(wanted: Platform, candidate: Platform): boolean {
  return platformDistance(wanted, candidate) !== undefined;
}

/** What runs on `p`, best first. */
function runsOn(p: Platform): Platform[] {
  const { variant, ...base } = p;
  const level = Number(/^v(\d{1,2})$/.exec(variant ?? '')?.[1] ?? 0);
  if (p.architecture === 'amd64' && level > 1) {
    const below = Array.from({ length: level - 2 }, (_, i) => ({ ...base, variant: `v${level - 1 - i}` }));
    return [p, ...below, base];
  }
  if (p.architecture === 'arm' && level > 5) {
    return Array.from({ length: level - 4 }, (_, i) => ({ ...base, variant: `v${level - i}` }));
  }
  if (p.architecture === 'arm64' && (level === 0 || level === 8)) {
    return [base, ...runsOn({ ...base, architecture: 'arm', variant: 'v8' })];
  }
  return [p];
}

function normalizeOs(os: string): string {
  const lower = os.toLowerCase();
  return lower === 'macos' ? 'darwin' : lower || platform;
}

function normalizeArch(architecture: string, variant: string): { architecture: string; variant: string } {
  switch (architecture) {
    case 'i386':
      return { architecture: '386', variant: '' };
    case 'x86_64':
    case 'x86-64':
    case 'amd64':
      return { architecture: 'amd64', variant: variant === 'v1' ? '' : variant };
    case 'aarch64':
    case 'arm64':
      return { architecture: 'arm64', variant: variant === '8' || variant === 'v8' ? '' : variant };
    case 'armhf':
      return { architecture: 'arm', variant: 'v7' };
    case 'armel':
      return { architecture: 'arm', variant: 'v6' };
    case 'arm':
      return {
        architecture,
        variant: variant === '' ? 'v7' : /^\d$/.test(variant) ? `v${variant}` : variant,
      };
    default:
      return { architecture, variant };
  }
}

/** Compat: `linux/arm` stays `linux/arm` when printed; v7 is implied. */
function withoutImpliedVariant(p: Platform): Platform {
  if (p.architecture !== 'arm' || p.variant !== 'v7') return p;
  const { variant: _variant, ...rest } = p;
  return rest;
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(' '));
}

function invalid(message: string): EngineError {
  return new EngineError('invalid', `${message}: invalid argument`);
}
