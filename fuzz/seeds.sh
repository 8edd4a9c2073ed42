#!/bin/sh
# Makes the seeds from the examples in docs/protocol.md, one file each.
set -eu
cd "$(dirname "$0")"
rm -rf seeds
mkdir -p seeds/decode_handshake seeds/decode_to_client seeds/decode_to_relay
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
