/** Throttles work that many events ask for: it is done at once, then at most once in an interval, and always after the last event. */

export interface AtMostEach {
  /** Done now, or when the time since it was done last is over. */
  ask(): void;
  /** It is not done any more, whoever asks. */
  end(): void;
}

export function atMostEach(ms: number, work: () => void): AtMostEach {
  let timer: NodeJS.Timeout | undefined;
  let isAsked = false;
  let isEnded = false;
  const run = (): void => {
    isAsked = false;
    timer = setTimeout(() => {
      timer = undefined;
      if (isAsked) run();
    }, ms);
    work();
  };
  return {
    ask() {
      if (isEnded) return;
      if (timer === undefined) run();
      else isAsked = true;
    },
    end() {
      isEnded = true;
      clearTimeout(timer);
    },
  };
}
