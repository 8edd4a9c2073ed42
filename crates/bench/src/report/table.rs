//! A table that reads well in a terminal and is Markdown.

/// Rows of cells under a heading each.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table whose first column is headed by its title.
    pub(crate) fn new<'a>(title: &str, columns: impl IntoIterator<Item = &'a str>) -> Self {
        let columns = columns.into_iter().map(str::to_owned);
        let head = std::iter::once(title.to_owned()).chain(columns).collect();
        Self { rows: vec![head] }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, label: String, cells: impl IntoIterator<Item = String>) {
        self.rows
            .push(std::iter::once(label).chain(cells).collect());
    }

    /// Prints it, if it has rows.
    pub(crate) fn print(&self) {
        if self.rows.len() > 1 {
            println!("\n{}", self.render());
        }
    }

    fn render(&self) -> String {
        let columns = self.rows[0].len();
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut lines: Vec<String> = self.rows.iter().map(|row| line(row, &widths)).collect();
        let rule = |(column, width): (usize, &usize)| match column {
            0 => "-".repeat(*width),
            _ => format!("{}:", "-".repeat(width.saturating_sub(1))),
        };
        let rules: Vec<String> = widths.iter().enumerate().map(rule).collect();
        lines.insert(1, line(&rules, &widths));
        lines.join("\n")
    }
}

/// The first cell to the left, the figures to the right.
fn line(cells: &[String], widths: &[usize]) -> String {
    let pad = |(column, (cell, width)): (usize, (&String, &usize))| match column {
        0 => format!("{cell:<width$}"),
        _ => format!("{cell:>width$}"),
    };
    let cells: Vec<String> = cells.iter().zip(widths).enumerate().map(pad).collect();
    format!("| {} |", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new("p50", ["bore", "kreel"]);
        table.row("one sender".into(), ["180 µs".into(), "9 µs".into()]);
        let expected = "| p50        |   bore | kreel |\n\
                        | ---------- | -----: | ----: |\n\
                        | one sender | 180 µs |  9 µs |";
        assert_eq!(table.render(), expected);
    }
}
