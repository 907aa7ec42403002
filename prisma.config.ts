import { defineConfig } from 'prisma/config';

// Generating needs no schema engine, yet the CLI tries to download one; any existing file keeps it from trying.
// `migrate` and `db` do need the real one, so they are left alone.
if (!process.argv.some((argument) => argument === 'migrate' || argument === 'db')) {
  process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;
}

export default defineConfig({ schema: 'prisma/schema.prisma' });
