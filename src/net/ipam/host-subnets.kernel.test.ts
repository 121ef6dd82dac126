import { expect, test } from 'bun:test';
import { isolatedHost, sh } from '../testing/isolated-host.ts';
import { addressesOf, hostSubnets } from './host-subnets.ts';

if (isolatedHost(import.meta.path, 'subnets of the host are read from the kernel')) {
  test('hostSubnets gives networks of the host’s interfaces, of both families, without what lies behind gateways', () => {
    sh('ip link add dummy0 type veth peer name dummy1 && ip link set dummy0 up && ip link set dummy1 up');
    sh('ip addr add 10.77.8.1/22 dev dummy0 && ip addr add fd77:1::1/64 dev dummy0 nodad');
    sh('ip route add 10.99.0.0/16 via 10.77.8.2 && ip route add default via 10.77.8.2');
    sh('ip route add fd99::/48 via fd77:1::2');
    const subnets = hostSubnets();
    sh('ip link del dummy0');
    expect(subnets).toContain('10.77.8.0/22');
    expect(subnets).toContain('fd77:1::/64');
    expect(subnets.join(' ')).not.toMatch(/10\.99|fd99|fe80|ff00|0\.0\.0\.0/);
  });

  test('addressesOf gives those of a bridge that no container is on', () => {
    sh('ip link add mnkaddr type bridge && ip link set mnkaddr up');
    sh('ip addr add 10.77.8.1/22 dev mnkaddr && ip addr add fd77:1::1/64 dev mnkaddr nodad');
    const addresses = addressesOf('mnkaddr');
    sh('ip link del mnkaddr');
    expect(addresses.slice(0, 2)).toEqual(['10.77.8.1/22', 'fd77:1::1/64']);
    expect(addressesOf('mnkaddr')).toEqual([]);
  });
}
