import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { busyboxRootfs } from '../test/fixtures/busybox.ts';
import { buildImage, type ImageData } from '../test/fixtures/image.ts';
import { sh } from '../test/fixtures/machine.ts';
import { type TarEntry, tar } from '../test/fixtures/tar.ts';

/** One page of 600 bytes, by one process, without a log. */
const NGINX_CONF = `
user root;
daemon off;
worker_processes 1;
pid /tmp/nginx.pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path /tmp/${what};`).join(' ')}
  keepalive_requests 1000000;
  server { listen 80; location / { return 200 "${'x'.repeat(600)}"; } }
}
`;

/** An image of this machine's own iperf3 and nginx, with the libraries they name. */
export async function toolsImage(): Promise<ImageData> {
  const programs = [await sh('command -v iperf3'), await sh('command -v nginx')];
  const files = new Set(programs.flatMap((program) => [program, ...librariesOf(program)]));
  const entries = [...files].map(
    (path): TarEntry => ({ name: inImage(path), content: readFileSync(path), mode: 0o755 }),
  );
  const folders = new Set(entries.flatMap(({ name }) => foldersOf(name)));
  const layer = tar([
    ...[...folders].map((name): TarEntry => ({ name, type: 'dir' })),
    ...entries,
    { name: 'nginx.conf', content: NGINX_CONF },
  ]);
  const config = { Cmd: ['true'], Env: ['PATH=/bin:/opt', 'LD_LIBRARY_PATH=/opt/lib'] };
  return buildImage({ layers: [busyboxRootfs(), layer], config, format: 'docker' });
}

/** The loader stays where programs name it, the rest goes to places of its own. */
function inImage(path: string): string {
  if (/\/ld-linux[^/]*$/.test(path)) return path.slice(1);
  const name = path.split('/').at(-1) ?? '';
  return name.includes('.so') ? `opt/lib/${name}` : `opt/${name}`;
}

function librariesOf(program: string): string[] {
  const text = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...text.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map((match) => match[1] ?? '');
}

function foldersOf(name: string): string[] {
  const parts = name.split('/').slice(0, -1);
  return parts.map((_part, at) => parts.slice(0, at + 1).join('/'));
}
