#!/bin/sh
# Makes the seeds, one file each, with a name: from the examples in docs/protocol.md, jobs in each
# shape, heads and filters. What was found later has a hash for a name, and stays.
set -eu
cd "$(dirname "$0")"
for target in fuzz_targets/*.rs; do
    mkdir -p "corpus/$(basename "$target" .rs)"
done
rm -f corpus/decode_*/*_*
awk '
    /^```golden / {
        folder = /ToClient/ ? "to_client" : /ToRelay/ ? "to_relay" : "handshake"
        name = tolower(substr($0, 11))
        gsub(/[^a-z]+/, "_", name)
        file = "corpus/decode_" folder "/" name
        next
    }
    /^```/ { file = "" }
    file { sub(/#.*/, ""); print file, $0 }
' ../docs/protocol.md | while read -r file bytes; do
    for byte in $bytes; do
        # The shell writes octal escapes only.
        printf "\\$(printf %o "0x$byte")" >>"$file"
    done
done

# Name, then body.
while read -r name body; do
    printf %s "$body" >"corpus/read_job/$name"
done <<'BODIES'
image {"job_id":"0f6f4c1e-8a50-4f0e-9a0d-0c1f3a5b7d11","status":"completed","created_at":"2026-10-02T08:15:30.120Z","completed_at":"2026-10-02T08:15:37.904Z","result":{"urls":["https://gen.krea.ai/images/a.png"]}}
training {"job_id":"7d3e9a50-0c64-4b1d-bb2c-2f6a8e4d5c33","status":"completed","created_at":"2026-10-02T09:00:00.000Z","completed_at":"2026-10-02T09:27:12.008Z","result":{"style_id":"q7m2xk4pz"}}
typed {"job_id":"c85b2f16-9d0a-4d3b-a6c7-5e1f7b3a9d44","status":"completed","result":{"urls":[{"type":"model","url":"https://gen.krea.ai/models/c.glb"},{"type":"preview","url":"https://gen.krea.ai/images/c.png"}]}}
map {"job_id":"e19c6a07-3f48-4a2c-9e5d-8b0d2c4f6a55","status":"completed","result":{"urls":{"hero-image":"https://gen.krea.ai/images/e.png","more":["b","c"]}}}
failed {"job_id":"2a7d5c94-6e1b-4f70-8c3a-9d0e1f2a3b66","status":"failed","error":{"code":"nsfw","message":"flagged"},"result":{"error":"Job timed out"}}
silent {"job_id":"2a7d5c94-6e1b-4f70-8c3a-9d0e1f2a3b68","status":"failed","result":{}}
cancelled {"job_id":"9c4b8e21-7a35-4d6f-b1e0-3c5d7f9a1b77","status":"cancelled","completed_at":null}
intermediate {"job_id":"0f6f4c1e-8a50-4f0e-9a0d-0c1f3a5b7d11","status":"intermediate-complete","completed_at":null,"result":{"urls":["a"]}}
legacy {"id":1,"status":"canceled","urls":["a"],"result":{"video_url":"a","images":[{"url":"b"}],"fps":24}}
foreign {"task_id":"1","data":{"status":"done"}}
broken {"job_id":"1","status":"completed","result":{"urls":1e999,"x":"\ud800"},"error":[[[[[[[[]]]]]]]]}
cut {"job_id":"1","status":"completed","result":{"urls":["https://gen.kr
array [{"job_id":"1"}]
BODIES

cp corpus/decode_to_client/toclient_request_* corpus/app_head/

# Target, name, then the bytes as printf writes them.
while read -r target name bytes; do
    printf "$bytes" >"corpus/$target/$name"
done <<'BYTES'
framing plain POST /app?x=1 HTTP/1.1\r\nhost: relay.example\r\ncontent-length: 5\r\n\r\nhello
framing two GET /a HTTP/1.1\r\nhost: a\r\n\r\nGET /b HTTP/1.1\r\nhost: a\r\n\r\n
framing chunked POST /a HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5;a="b"\r\nhello\r\n0\r\nx: y\r\n\r\n
framing both POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n
framing folded GET /a HTTP/1.1\r\nhost: a\r\nx: y\r\n z\r\n\r\n
framing upgrade GET /_kreel/link HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n\201\005hello
framing absolute OPTIONS http://a.example/b HTTP/1.1\r\nhost: a.example\r\n\r\n
app_answer plain \000HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello
app_answer to_head \001HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n
app_answer hints \000HTTP/1.1 103 Hints\r\nlink: x\r\n\r\nHTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n
app_answer chunked \000HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n00A \r\n0123456789\r\n0\r\nx: y\r\n\r\n
app_answer endless \000HTTP/1.0 200 OK\r\n\r\nall of this
proxy_protocol v1 PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\nGET / HTTP/1.1\r\n\r\n
proxy_protocol v1_six PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n
proxy_protocol v1_unknown PROXY UNKNOWN\r\n
proxy_protocol v2 \r\n\r\n\000\r\nQUIT\n\041\021\000\014\300\000\002\007\306\063\144\001\334\004\001\273more
proxy_protocol v2_local \r\n\r\n\000\r\nQUIT\n\040\000\000\000
rules github \000x-hub-signature-256: sha256=0000000000000000000000000000000000000000000000000000000000000000\n
rules stripe \000stripe-signature: t=1700000000,v1=0000000000000000000000000000000000000000000000000000000000000000,v0=00\n
rules standard \000webhook-id: msg_1\nwebhook-timestamp: 1700000000\nwebhook-signature: v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= v1a,x\n
rules svix \000svix-id: msg_1\nsvix-timestamp: 1700000000\nsvix-signature: v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n
rules slack \000x-slack-request-timestamp: 1700000000\nx-slack-signature: v0=0000000000000000000000000000000000000000000000000000000000000000\n
rules shopify \000x-shopify-hmac-sha256: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n
rules change \001{"methods":["POST"],"allow":["192.0.2.0/24","::ffff:192.0.2.7"],"basic_auth":{"user":"a","password":"b"},"secret_path":"abcdefgh-_.~"}
rules change_more \001{"signature":{"scheme":"github","mode":"mark","secret":"x"},"max_body_bytes":1,"rate":{"requests":1,"seconds":60}}
rules change_less \001{"methods":null,"rate":null}
rules kept \001{"secret_path":"AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","max_body_bytes":7}
rules list \002x-forwarded-for: 1.1.1.1, 192.0.2.7:80, 10.9.9.9\nx-forwarded-proto: https\n
rules words \002forwarded: for=1.1.1.1, For="[2001:db8::7]:99";Proto=https;by=x\nx-forwarded-for: 1.1.1.1\n
filter words failed "two words" -not
filter keys status:5xx method:post path:/hook header:x-id=7 age<10m size>10k
filter flags is:replay OR (is:failed is:marked) -is:noted
filter jq jq:'.status == "failed" and (.n | length) > 2'
filter jq_deep jq:'[.. | numbers] | add > 3'
BYTES
