source ./_kreel
function ask
    echo ">> $argv"
    complete -C "$argv"
end
