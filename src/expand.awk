# expand.awk
#		Writes out the SQL of a fragment: awk -f src/expand.awk FILE
#
# A fragment is SQL, with these lines between:
#
#	--@ for key=bigint,uuid,text k=int8,uuid,text
#	--@ end
#		The lines between stand once for each place of the lists, with @key@
#		and @k@ replaced by what stands there.  They may nest.
#
#	--@ include FILE type=mrr_state prefix=mrr
#		The lines of FILE, with @type@ and @prefix@ replaced.
#
# Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

function fail(message)
{
	print "expand.awk: " message > "/dev/stderr"
	failed = 1
	exit 1
}

# the line with all names of the environment replaced
function replaced(line, env,    n, pairs, i, at, name, value)
{
	n = split(env, pairs, SUBSEP)
	for (i = n; i > 0; i--)
	{
		at = index(pairs[i], "=")
		name = "@" substr(pairs[i], 1, at - 1) "@"
		value = substr(pairs[i], at + 1)
		while ((at = index(line, name)) > 0)
			line = substr(line, 1, at - 1) value substr(line, at + length(name))
	}
	return line
}

# the line that ends the loop which begins at line i of the text
function loop_end(text, i, last,    depth)
{
	for (depth = 0; i <= last; i++)
	{
		if (lines[text, i] ~ /^--@ for /)
			depth++
		else if (lines[text, i] ~ /^--@ end *$/ && --depth == 0)
			return i
	}
	fail(text ": a loop without end")
}

function write_out(text, i, last, env,    end, words, nwords, w, at, values, n, k, inner)
{
	for (; i <= last; i++)
	{
		nwords = split(lines[text, i], words, " ")
		if (lines[text, i] ~ /^--@ include /)
		{
			inner = env
			for (w = 4; w <= nwords; w++)
				inner = inner SUBSEP words[w]
			at = read_text(words[3])
			write_out(words[3], 1, at, inner)
		}
		else if (lines[text, i] ~ /^--@ for /)
		{
			end = loop_end(text, i, last)
			at = index(words[3], "=")
			n = split(substr(words[3], at + 1), values, ",")
			for (k = 1; k <= n; k++)
			{
				inner = env
				for (w = 3; w <= nwords; w++)
					inner = inner SUBSEP place(words[w], k, n)
				write_out(text, i + 1, end - 1, inner)
			}
			i = end
		}
		else if (lines[text, i] ~ /^--@/)
			fail(text ": not understood: " lines[text, i])
		else
			print replaced(lines[text, i], env)
	}
}

# name=value for place k of name=list
function place(word, k, n,    at, values)
{
	at = index(word, "=")
	if (split(substr(word, at + 1), values, ",") != n)
		fail("lists of different lengths: " word)
	return substr(word, 1, at) values[k]
}

function read_text(file,    n, line, got)
{
	n = 0
	while ((got = (getline line < file)) > 0)
		lines[file, ++n] = line
	close(file)
	if (got < 0)
		fail(file ": cannot be read")
	return n
}

BEGIN {
	if (ARGC != 2)
		fail("one file is needed")
	count = read_text(ARGV[1])
	write_out(ARGV[1], 1, count, "")
	exit failed
}
