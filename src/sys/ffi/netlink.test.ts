import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { NetlinkMessage } from './netlink-message.ts';
import { attributeText, parseAttributes, parseError, parseMessages } from './netlink-parse.ts';
import { parseAddress, parseLink, parseRoute } from './rtnetlink.ts';

const bytes = fc.uint8Array({ maxLength: 400 }).map((each) => Buffer.from(each));

describe('netlink messages', () => {
  test('come back as they were written', () => {
    const attribute = fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.uint8Array({ maxLength: 300 }));
    const distinct = fc.uniqueArray(attribute, { selector: ([type]) => type, maxLength: 20 });
    fc.assert(
      fc.property(distinct, fc.nat(0x7fffffff), (attributes, sequence) => {
        const message = new NetlinkMessage('test', 77, 4, new Uint8Array(8));
        for (const [type, value] of attributes) message.attr(type, value);
        const [read, ...rest] = parseMessages(message.finish(sequence));
        expect(rest).toEqual([]);
        expect([read?.type, read?.flags, read?.sequence]).toEqual([77, 5, sequence]);
        const got = parseAttributes(read?.payload.subarray(8) ?? Buffer.alloc(0));
        expect([...got].map(([type, value]) => [type, [...value]])).toEqual(
          attributes.map(([type, value]) => [type, [...value]]),
        );
      }),
    );
  });

  test('nest, and refuse what does not fit into an attribute', () => {
    const message = new NetlinkMessage('test', 1, 0, new Uint8Array());
    message.nest(5, () => message.text(1, 'abc').nest(2, () => message.u32(3, 9)));
    const [read] = parseMessages(message.finish(1));
    const outer = parseAttributes(
      parseAttributes(read?.payload ?? Buffer.alloc(0)).get(5) ?? Buffer.alloc(0),
    );
    expect(attributeText(outer.get(1))).toBe('abc');
    expect(
      parseAttributes(outer.get(2) ?? Buffer.alloc(0))
        .get(3)
        ?.readUInt32LE(),
    ).toBe(9);
    expect(() => message.nest(1, () => message.attr(1, new Uint8Array(65536)))).toThrow(RangeError);
  });

  test('of whatever bytes never throw when read', () => {
    fc.assert(
      fc.property(bytes, fc.nat(0xffff), (payload, flags) => {
        parseMessages(payload);
        parseAttributes(payload);
        parseError({ type: 2, flags, sequence: 1, payload });
        parseLink({ type: 16, flags, sequence: 1, payload });
        parseAddress({ type: 20, flags, sequence: 1, payload });
        parseRoute({ type: 24, flags, sequence: 1, payload });
      }),
      { numRuns: 2000 },
    );
  });
});
