// Says what will happen, and does it when it is wanted.
import { useEffect, useId, useRef, useState } from "react";
import { Trouble } from "./trouble";

interface ConfirmProps {
  title: string;
  says: string;
  /** What the button that does it says. */
  verb: string;
  isDangerous?: boolean;
  act: () => Promise<unknown>;
  onClose: () => void;
}

/** Open as long as it is there. */
export function Confirm({ title, says, verb, isDangerous, act, onClose }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const [isActing, setActing] = useState(false);
  const [error, setError] = useState<Error>();
  useEffect(() => dialog.current?.showModal(), []);
  const confirm = async () => {
    setActing(true);
    setError(undefined);
    try {
      await act();
      onClose();
    } catch (problem) {
      setError(problem as Error);
      setActing(false);
    }
  };
  return (
    <dialog ref={dialog} aria-labelledby={titleId} onClose={onClose}>
      <h2 id={titleId}>{title}</h2>
      <p>{says}</p>
      {error ? <Trouble error={error} /> : null}
      <p className="dialog-buttons">
        <button type="button" onClick={onClose}>
          No, go back
        </button>
        <button
          type="button"
          className={isDangerous ? "main danger" : "main"}
          disabled={isActing}
          onClick={() => void confirm()}
        >
          {verb}
        </button>
      </p>
    </dialog>
  );
}
