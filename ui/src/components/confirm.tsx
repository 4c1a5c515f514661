// Says what will happen, and does it when it is wanted.
import { useEffect, useId, useRef, useState } from "react";
import { NotDone } from "./trouble";

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
  // The browser then gives the focus back to where it was, and tells by the event.
  const close = () => dialog.current?.close();
  const confirm = async () => {
    setActing(true);
    setError(undefined);
    try {
      await act();
      close();
    } catch (problem) {
      setError(problem as Error);
      setActing(false);
    }
  };
  return (
    <dialog ref={dialog} aria-labelledby={titleId} onClose={onClose}>
      <h2 id={titleId}>{title}</h2>
      <p>{says}</p>
      {error ? <NotDone error={error} /> : null}
      <p className="dialog-buttons">
        <button type="button" onClick={close}>
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
