use str

# The editor is there for people only; what the script uses of it, for us.
var completers = [&]
fn complex-candidate {|word &display=''| put $word }
var edit: = (ns [
    &complex-candidate~=$complex-candidate~
    &completion:=(ns [&arg-completer=$completers])
])
eval (slurp < ./_kreel)
fn ask {|@words|
    echo '>> '(str:join ' ' $words)
    $edit:completion:arg-completer[kreel] $@words | each {|word| echo $word }
}
