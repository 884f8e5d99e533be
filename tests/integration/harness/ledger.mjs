// The ledger: publishers number events 0, 1, 2 …; clients record what arrives; the check runs afterwards.

// The faults of one client's notes against the events [from, to): missing, twice, out of order, foreign.
// An empty list is a clean record.
export function judge(numbers, from, to) {
  const faults = [];
  const seen = new Set();
  let highest = -Infinity;
  for (const number of numbers) {
    if (!Number.isInteger(number) || number < from || number >= to) faults.push(`foreign ${number}`);
    else if (seen.has(number)) faults.push(`twice ${number}`);
    else if (number < highest) faults.push(`out of order ${number} after ${highest}`);
    seen.add(number);
    highest = Math.max(highest, number);
  }
  for (let number = from; number < to; number += 1) if (!seen.has(number)) faults.push(`missing ${number}`);
  return faults;
}

// The faults of a client that may have missed events while the bus was away: no duplicate, never back.
export function judgeWithHoles(numbers) {
  return numbers.flatMap((number, index) =>
    index > 0 && number <= numbers[index - 1] ? [`${number} after ${numbers[index - 1]}`] : []);
}

export const RFC3339_SECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

// What is wrong with an orion frame, and what it carries.
export function readOrionFrame(data, isBinary) {
  if (isBinary) return { fault: "a binary frame" };
  let frame;
  try {
    frame = JSON.parse(data);
  } catch {
    return { fault: `not JSON: ${String(data).slice(0, 80)}` };
  }
  const keys = Object.keys(frame).join();
  if (keys !== "channel,payload,timestamp") return { fault: `keys ${keys}` };
  if (!RFC3339_SECONDS.test(frame.timestamp)) return { fault: `timestamp ${frame.timestamp}` };
  return { frame };
}
