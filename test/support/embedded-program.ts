// Serves an embedded database until its input ends: node embedded-program.ts <path of embedded.ts> <data directory>
import { pathToFileURL } from 'node:url';
import type { startEmbedded } from '../../src/database/embedded.ts';

const [sources = '', directory = ''] = process.argv.slice(2);
const embedded = (await import(pathToFileURL(sources).href)) as { startEmbedded: typeof startEmbedded };
const { host, owned, stop } = await embedded.startEmbedded(directory);
console.log(JSON.stringify({ host, owned }));
process.stdin.resume().on('end', stop);
