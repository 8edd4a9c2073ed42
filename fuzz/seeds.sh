#!/bin/sh
# Makes the seeds, one file each: from the examples in docs/protocol.md, and jobs in each shape.
set -eu
cd "$(dirname "$0")"
rm -rf seeds
mkdir -p seeds/read_job seeds/decode_handshake seeds/decode_to_client seeds/decode_to_relay
awk '
    /^```golden / {
        folder = /ToClient/ ? "to_client" : /ToRelay/ ? "to_relay" : "handshake"
        name = tolower(substr($0, 11))
        gsub(/[^a-z]+/, "_", name)
        file = "seeds/decode_" folder "/" name
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
    printf %s "$body" >"seeds/read_job/$name"
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
