. ([ScriptBlock]::Create((Get-Content -Raw ./_kreel)))
function ask {
    $line = $args -join ' '
    ">> $line"
    [System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null).CompletionMatches.CompletionText
}
