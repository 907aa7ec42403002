-- Part of PostgreSQL's contrib modules, and trusted: who may create in the database may create it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- CreateIndex
CREATE INDEX "identities_search_idx" ON "identities" USING GIN ("name" gin_trgm_ops, "email" gin_trgm_ops, "phone" gin_trgm_ops, "external_id" gin_trgm_ops);
