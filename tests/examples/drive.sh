# Drives the emulator at $EMULATOR_URL with curl: time passes when this says so, and waiting is one request.
set -eu
account="$EMULATOR_URL/_emulator/accounts/$EMULATOR_ACCOUNT_SID"

curl -sSf "$account/clock" -X PUT -d '{"mode": "manual"}' >/dev/null

# this the app under test would do
curl -sSf "$EMULATOR_MESSAGES_URL" -u "$EMULATOR_ACCOUNT_SID:$EMULATOR_AUTH_TOKEN" \
    -d from=sms:+15550109999 -d to=sms:+15550100001 -d 'body=Your code is 493021' >/dev/null

curl -sSf "$account/clock/advance" -d '{"by": "1h"}' >/dev/null
curl -sSf "$account/wait?to=%2B15550100001&status=delivered" | grep -m1 '"status"'
curl -sSf "$account/otp?to=%2B15550100001"
