// Drives the emulator at EMULATOR_URL with fetch: time passes when this says so, and waiting is one request.
const { EMULATOR_URL, EMULATOR_MESSAGES_URL, EMULATOR_ACCOUNT_SID, EMULATOR_AUTH_TOKEN } = process.env;
const account = `${EMULATOR_URL}/_emulator/accounts/${EMULATOR_ACCOUNT_SID}`;

async function call(method, path, body) {
  const answer = await fetch(`${account}/${path}`, { method, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
  return answer;
}

await call("PUT", "clock", { mode: "manual" });

// this the app under test would do
await fetch(EMULATOR_MESSAGES_URL, {
  method: "POST",
  headers: { Authorization: `Basic ${btoa(`${EMULATOR_ACCOUNT_SID}:${EMULATOR_AUTH_TOKEN}`)}` },
  body: new URLSearchParams({ from: "sms:+15550109999", to: "sms:+15550100001", body: "Your code is 493021" }),
});

await call("POST", "clock/advance", { by: "1h" });
const { message } = await (await call("GET", "wait?to=%2B15550100001&status=delivered")).json();
console.log(message.status);
console.log(await (await call("GET", "otp?to=%2B15550100001")).text());
