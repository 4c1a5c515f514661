import { useEffect, useState } from "react";

const PATIENCE = 300; // ms: what is quicker than this needs no word

export function Loading() {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), PATIENCE);
    return () => clearTimeout(timer);
  }, []);
  return (
    <p className="loading" role="status">
      {late ? "Loading…" : " "}
    </p>
  );
}
