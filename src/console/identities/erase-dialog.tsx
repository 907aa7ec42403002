import { mutate } from '../api/request.ts';
import { Confirm } from '../parts/dialog.tsx';
import { ERASE } from './documents.ts';
import { calledBy, type Known } from './known.ts';

export interface EraseDialogProps {
  identity: Known;
  /** Called with what was erased, in words. */
  erased(receipt: string): void;
  close(): void;
}

export function EraseDialog({ identity, erased, close }: EraseDialogProps) {
  const erase = async () => {
    const { erasure } = await mutate(ERASE, { input: { identity: { id: identity.id } } });
    const { conversations, messages, turns, memoryEntries, transitions } = erasure;
    erased(
      `${calledBy(identity)} is gone, with ${conversations} conversations (${messages} messages, ${turns} turns), ` +
        `${memoryEntries} memory entries and ${transitions} moves.`,
    );
  };
  return (
    <Confirm title={`Erase ${calledBy(identity)}?`} confirm="Erase for good" act={erase} close={close}>
      The profile, every conversation and message, what is remembered and the history of stages are deleted. This cannot
      be taken back.
    </Confirm>
  );
}
