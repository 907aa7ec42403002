-- AlterTable
ALTER TABLE "conversations" ADD COLUMN     "revision" INTEGER NOT NULL DEFAULT 0;
