const ARCHITECTURES: Record<string, string> = { x64: 'amd64', ia32: '386' };

/** What this client is, under the names that Docker's templates use. */
export function clientInfo() {
  return {
    Version: '0.1.0',
    GoVersion: `bun${process.versions['bun'] ?? ''}`,
    Os: process.platform as string,
    Arch: ARCHITECTURES[process.arch] ?? process.arch,
  };
}
