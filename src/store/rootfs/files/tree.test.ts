import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  type ByteString,
  END_OF_ARCHIVE,
  encodeHeader,
  padding,
  type TarEntry,
  TarReader,
} from '../../../spec/tar/mod.ts';
import { answerTreeCalls } from './answer-tree-call.ts';
import { cleanUserPath, goBase, locate } from './locate.ts';
import type { UntarDestination } from './tree-calls.ts';
import { treeChanges } from './tree-changes.ts';
import { TreeTar, type TreeTarSource } from './tree-tar.ts';
import { TreeUntar } from './tree-untar.ts';

let base: string;
let count = 0;
const fresh = () => {
  const path = join(base, String(++count));
  mkdirSync(path);
  return path;
};

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'minke-tree-'));
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

function tarOf(path: string, more: Partial<TreeTarSource> = {}, piece = 4096): Buffer {
  const root = openSync(path, 'r');
  try {
    const source = { name: undefined, prefix: '' as ByteString, xattrs: 'user', overlay: false } as const;
    using tar = new TreeTar({ root, ...source, ...more });
    const parts: Buffer[] = [];
    for (;;) {
      const buffer = Buffer.alloc(piece);
      const length = tar.read(buffer);
      if (length === 0) return Buffer.concat(parts);
      parts.push(buffer.subarray(0, length));
    }
  } finally {
    closeSync(root);
  }
}

function unpack(
  archive: Buffer,
  into: string,
  options: { path?: ByteString; keepKinds?: boolean } = {},
): void {
  const tree = openSync(into, 'r');
  try {
    using sink = new TreeUntar({
      tree,
      path: options.path ?? ('/' as ByteString),
      keepKinds: options.keepKinds ?? true,
      owner: undefined,
    });
    const reader = new TarReader(sink);
    reader.push(archive);
    reader.end();
    sink.finish();
  } finally {
    closeSync(tree);
  }
}

/** Everything that an archive keeps of a tree. */
const listing = (path: string) =>
  execFileSync(
    'sh',
    ['-c', "find . -printf '%P %y %m %U %G %s %Ts %l\\n' | sort; find . -type f -exec sha256sum {} + | sort"],
    {
      cwd: path,
      encoding: 'utf8',
    },
  ).replace(/^ d .*\n/m, '');

describe('a tree and its tar', () => {
  const name = fc.stringMatching(/^[a-zA-Z0-9 ._äöü-]{1,12}$/).filter((text) => !['.', '..'].includes(text));
  const node = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.record({
        kind: fc.constant('file'),
        content: fc.uint8Array({ maxLength: 5000 }),
        mode: fc.nat(0o7777),
      }),
      fc.record({ kind: fc.constant('link'), target: fc.stringMatching(/^[a-z/.]{1,150}$/) }),
      fc.record({
        kind: fc.constant('directory'),
        mode: fc.nat(0o7777),
        in: fc.dictionary(name, tie('node'), { maxKeys: 4 }),
      }),
    ),
  })).node;

  function make(path: string, what: unknown): void {
    const it = what as {
      kind: string;
      content: Uint8Array;
      mode: number;
      target: string;
      in: Record<string, unknown>;
    };
    if (it.kind === 'file') writeFileSync(path, it.content);
    else if (it.kind === 'link') symlinkSync(it.target, path);
    else {
      mkdirSync(path);
      for (const [child, inner] of Object.entries(it.in)) make(join(path, child), inner);
    }
    if (it.kind !== 'link') chmodSync(path, it.mode);
  }

  test('of any shape comes out as it went in', () => {
    fc.assert(
      fc.property(
        fc.dictionary(name, node, { maxKeys: 4 }),
        fc.integer({ min: 1, max: 3000 }),
        (inside, piece) => {
          const [from, to] = [fresh(), fresh()];
          make(join(from, 'top'), { kind: 'directory', mode: 0o755, in: inside });
          unpack(tarOf(from, {}, piece), to);
          expect(listing(to)).toBe(listing(from));
        },
      ),
      { numRuns: 8 },
    );
  });

  test('that is deeper than descriptors are kept open', () => {
    const [from, to] = [fresh(), fresh()];
    let at = from;
    for (let depth = 0; depth < 120; depth++) {
      at = join(at, `d${depth % 10}`);
      mkdirSync(at);
      // Something before and after the way down.
      for (const side of ['a', 'z']) writeFileSync(join(at, side), String(depth));
    }
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    unpack(tarOf(from), to);
    expect(open()).toBe(before);
    expect(listing(to)).toBe(listing(from));
    // What takes the place of the tree removes it, whatever its depth.
    unpack(archive([{ name: 'd0', content: 'x' }]), to, { keepKinds: false });
    expect(lstatSync(join(to, 'd0')).isFile()).toBe(true);
  });

  test('with hard links, FIFOs, devices and times; sockets are left out', () => {
    const [from, to] = [fresh(), fresh()];
    const script =
      'echo x >a; ln a b; mkfifo f; mknod n c 1 3; mknod s b 7 9; touch -d 1969-12-31T23:59:58Z a; chown 70000:3000000 f';
    execFileSync('sh', ['-c', script], { cwd: from });
    unpack(tarOf(from), to);
    expect(listing(to)).toBe(listing(from));
    expect(lstatSync(join(to, 'a')).ino).toBe(lstatSync(join(to, 'b')).ino);
    expect(lstatSync(join(to, 's')).rdev).toBe(lstatSync(join(from, 's')).rdev);
  });
});

function archive(entries: { name: string; content?: string; type?: string; link?: string }[]): Buffer {
  const parts = entries.map(({ name, content = '', type = '0', link = '' }) => {
    const entry: Partial<TarEntry> = {
      name: name as ByteString,
      type,
      linkName: link as ByteString,
      size: content.length,
    };
    return Buffer.concat([encodeHeader(entry), Buffer.from(content), padding(content.length)]);
  });
  return Buffer.concat([...parts, END_OF_ARCHIVE]);
}

describe('an archive that lies', () => {
  test.each([
    ['../out', '/sub', 'is outside of "/sub"'],
    ['a/../../out', '/sub', 'is outside of "/sub"'],
  ])('a member %s in %s is refused', (name, path, sentence) => {
    const to = fresh();
    mkdirSync(join(to, 'sub'));
    expect(() => unpack(archive([{ name, content: 'x' }]), to, { path: path as ByteString })).toThrow(
      sentence,
    );
    expect(readdirSync(to)).toEqual(['sub']);
  });

  test('links stay within the tree', () => {
    const [to, outside] = [fresh(), fresh()];
    const members = [
      { name: 'l', type: '2', link: outside },
      { name: 'l/x', content: 'x' },
    ];
    // What the link means is a folder of the tree.
    unpack(archive(members), to);
    expect(readdirSync(outside)).toEqual([]);
    expect(() => unpack(archive([{ name: 'h', type: '1', link: '../../etc/passwd' }]), to)).toThrow();
    expect(() =>
      unpack(archive([{ name: 's', type: '2', link: '../../x' }]), to, { path: '/tmp' as ByteString }),
    ).toThrow('invalid symlink');
    expect(() => unpack(archive([{ name: '.', content: 'x' }]), to, { keepKinds: false })).toThrow(
      'non-directory entry as the archive root',
    );
  });
});

describe('names that are not UTF-8', () => {
  const bytes = (text: string) => Buffer.from(text, 'latin1');
  const names = (path: string) =>
    readdirSync(path, { encoding: 'buffer' }).map((name) => name.toString('latin1'));

  test('of a folder that an archive only implies stay as they are', () => {
    const to = fresh();
    unpack(archive([{ name: 'caf\xe9/\xff/x', content: 'x' }]), to);
    expect(names(to)).toEqual(['caf\xe9']);
    expect(readFileSync(bytes(`${to}/caf\xe9/\xff/x`), 'latin1')).toBe('x');
  });

  test('are where links lead to, of the destination and of folders that are to be made', async () => {
    const to = fresh();
    mkdirSync(bytes(`${to}/caf\xe9`));
    symlinkSync(bytes('caf\xe9'), join(to, 'link'));
    symlinkSync(bytes('new\xe9'), join(to, 'to-new'));
    const tree = openSync(to, 'r');
    try {
      const { path } = (await answerTreeCalls.destination({ tree, path: '/link' })) as UntarDestination;
      expect(path).toBe('/caf\xe9' as ByteString);
      unpack(archive([{ name: 'a/x', content: 'x' }]), to, { path });
      expect(names(`${to}/link`)).toEqual(['a']);
    } finally {
      closeSync(tree);
    }
    unpack(archive([{ name: 'to-new/b/x', content: 'x' }]), to);
    expect(names(to).sort()).toEqual(['caf\xe9', 'link', 'new\xe9', 'to-new']);
    expect(names(`${to}/to-new`)).toEqual(['b']);
  });
});

describe('changes of an overlay', () => {
  test('are what the kernel shows, for each kind of change', () => {
    const [lower, upper, work, merged] = [fresh(), fresh(), fresh(), fresh()];
    execFileSync(
      'sh',
      [
        '-c',
        'mkdir -p keep/sub gone/sub swap meta opaque/x; echo 1 >keep/f; echo 1 >keep/sub/f; echo 1 >swap/f; echo 1 >file; echo 1 >opaque/x/f; echo 1 >opaque/g',
      ],
      { cwd: lower },
    );
    const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, merged]);
    try {
      const script = [
        'echo 2 >keep/sub/f; rm -r gone; rm -r swap; echo x >swap; chmod 700 meta; touch -r file ref; echo new >new; rm ref',
        'rm -r opaque; mkdir opaque; echo 1 >opaque/g2; rm file; mkdir file; touch file/in; true >>keep/f',
      ].join('; ');
      execFileSync('sh', ['-c', script], { cwd: merged });
    } finally {
      execFileSync('umount', [merged]);
    }
    const shown = treeChanges(upper, [lower]).map(({ path, kind }) => `${'CAD'[kind]} ${path}`);
    expect(shown).toEqual([
      ...['C /file', 'A /file/in', 'D /gone', 'C /keep', 'C /keep/sub', 'C /keep/sub/f', 'C /meta', 'A /new'],
      ...['C /opaque', 'D /opaque/g', 'A /opaque/g2', 'D /opaque/x', 'C /swap'],
    ]);
  });
});

describe('paths of users', () => {
  test.each([
    ['a/b', '/a/b', 'b'],
    ['/a/../b/', '/b/', 'b'],
    ['/a/.', '/a/.', '.'],
    ['.', '/.', '.'],
    ['/', '/', '/'],
    ['../../x', '/x', 'x'],
  ])('%s is %s', (path, clean, name) => {
    expect(cleanUserPath(path)).toBe(clean);
    expect(goBase(clean)).toBe(name);
  });

  test('a link is one unless a slash follows; what is missing is not-found', () => {
    const root = fresh();
    mkdirSync(join(root, 'dir'));
    symlinkSync('dir', join(root, 'link'));
    symlinkSync('/dir/none', join(root, 'broken'));
    const tree = openSync(root, 'r');
    const look = (path: string) => {
      const { handle, stat, isDirectory } = locate(tree, path);
      closeSync(handle);
      return [isDirectory, stat.linkTarget];
    };
    expect(look('/link')).toEqual([false, '/dir']);
    expect(look('/link/')).toEqual([true, '']);
    expect(look('link/.')).toEqual([true, '']);
    expect(look('/broken')).toEqual([false, '/dir/none']);
    expect(() => look('/none')).toThrow('lstat /none: no such file or directory');
    closeSync(tree);
  });
});
