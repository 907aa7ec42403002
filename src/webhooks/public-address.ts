import { BlockList, isIP } from 'node:net';

/** What is not reached over the public Internet (IANA's special-purpose registries), multicast and reserved ranges included. */
const SPECIAL_V4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['224.0.0.0/4', '240.0.0.0/4'],
  // Public by its number, but answered by the host of a virtual machine on Azure.
  '168.63.129.16/32',
];
/** Inside the global unicast range: documentation, tunnels, and what else stands for something other than a host. */
const SPECIAL_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const special = listOf(SPECIAL_V4, SPECIAL_V6);
const globalUnicast = listOf([], ['2000::/3']);

/** Whether an IP address is one of a host on the public Internet. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !special.check(address, 'ipv4');
    case 6:
      // Everything outside is local, or an IPv4 address in disguise.
      return globalUnicast.check(address, 'ipv6') && !special.check(address, 'ipv6');
    default:
      return false;
  }
}

function listOf(v4: string[], v6: string[]): BlockList {
  const list = new BlockList();
  const add = (ranges: string[], family: 'ipv4' | 'ipv6') => {
    for (const range of ranges) {
      const [network = '', prefix] = range.split('/');
      list.addSubnet(network, Number(prefix), family);
    }
  };
  add(v4, 'ipv4');
  add(v6, 'ipv6');
  return list;
}
