//! The examples that helps show, taken out of them as a shell would read them.

/// The command lines under `Examples:`, those that go on over a backslash as one.
fn lines(help: &str) -> Vec<String> {
    let examples = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    let mut lines: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in examples.take_while(|line| line.starts_with("  ")) {
        let (text, more) = match line.trim().strip_suffix('\\') {
            Some(text) => (text, true),
            None => (line.trim(), false),
        };
        match lines.last_mut().filter(|_| goes_on) {
            Some(last) => last.push_str(text),
            None => lines.push(text.to_owned()),
        }
        goes_on = more;
    }
    lines
}

/// The calls of `kreel` in the examples of this help, each as its words.
pub(super) fn calls(help: &str) -> Vec<Vec<String>> {
    let commands = lines(help).into_iter().flat_map(|line| commands(&line));
    commands
        .filter(|words| words.first().is_some_and(|word| word == "kreel"))
        .collect()
}

/// The simple commands of a line, without where their output goes; what is set for them as options
/// of that name. Two spaces begin a remark.
fn commands(line: &str) -> Vec<Vec<String>> {
    let mut commands = vec![(Vec::new(), Vec::new())];
    for word in words(line) {
        match word {
            Word::End => commands.push(Default::default()),
            Word::Plain(word) => {
                let (set, command) = commands.last_mut().expect("there is always one");
                match word.split_once('=').filter(|_| command.is_empty()) {
                    Some((name, value)) => set.extend(option(name, value)),
                    None => command.push(word),
                }
            }
        }
    }
    let whole = commands.into_iter();
    whole
        .map(|(set, command)| [command, set].concat())
        .collect()
}

/// `KREEL_SECRET=x` as `--secret=x`: every option can be set so, as another test has it.
fn option(name: &str, value: &str) -> Option<String> {
    let name = name.strip_prefix("KREEL_")?.to_lowercase();
    Some(format!("--{}={value}", name.replace('_', "-")))
}

#[derive(Debug, PartialEq)]
enum Word {
    Plain(String),
    End,
}

fn words(line: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut chars = line.chars().peekable();
    // Where output goes is no word of the command.
    let mut to_file = false;
    loop {
        let mut spaces = 0;
        while chars.next_if_eq(&' ').is_some() {
            spaces += 1;
        }
        match chars.peek() {
            None => return words,
            Some(_) if spaces > 1 => return words,
            Some('|' | '&' | ';') => {
                while chars.next_if(|c| "|&;".contains(*c)).is_some() {}
                words.push(Word::End);
            }
            Some('>' | '<') => {
                while chars.next_if(|c| "<>".contains(*c)).is_some() {}
                to_file = true;
            }
            Some(_) => {
                let word = word(&mut chars);
                if !std::mem::take(&mut to_file) {
                    words.push(Word::Plain(word));
                }
            }
        }
    }
}

fn word(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut word = String::new();
    while let Some(c) = chars.next_if(|c| !" |&;<>".contains(*c)) {
        match c {
            '\'' => word.extend(chars.by_ref().take_while(|c| *c != '\'')),
            '"' => {
                while let Some(c) = chars.next().filter(|c| *c != '"') {
                    match c {
                        '\\' => word.extend(chars.next()),
                        c => word.push(c),
                    }
                }
            }
            '\\' => word.extend(chars.next()),
            c => word.push(c),
        }
    }
    word
}

#[test]
fn examples_are_read_as_a_shell_reads_them() {
    let help = "\
Usage: kreel x

Examples:
  kreel one 'a  b' \"c \\\"d\\\"\" > file    A remark, kreel says
  KREEL_TOKEN_FILE=x A=b kreel two | kreel three && other
  kreel four \\
    -H 'x: y'

kreel five
";
    let words: Vec<String> = calls(help).iter().map(|words| words.join("_")).collect();
    assert_eq!(
        words,
        [
            "kreel_one_a  b_c \"d\"",
            "kreel_two_--token-file=x",
            "kreel_three",
            "kreel_four_-H_x: y"
        ]
    );
}
