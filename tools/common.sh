#
# common.sh
#		What tools/demo and tools/check share: a private copy of the server to
#		install into, and throw-away clusters.
#
# To be sourced after nm_root (the tree) is set.  Nothing outside the directory
# $nm_tmp is written: the extension is installed into a copy of the server's
# own directories, which PostgreSQL finds relative to its program.
#
# Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

. "$nm_root/tools/setup"

nm_terminal_locale=${LC_ALL:-${LC_CTYPE:-${LANG-}}}
export LC_ALL=C.UTF-8
unset PGHOST PGPORT PGUSER PGDATABASE PGPASSWORD PGOPTIONS PGSERVICE \
	PGDATA PGPASSFILE PGCLIENTENCODING PGTZ PGDATESTYLE MAKEFLAGS MAKELEVEL

nm_servers=
nm_beside=
nm_pid=

# nm_begin NAME: makes $nm_tmp, which goes away at the end
nm_begin()
{
	nm_tmp=$(mktemp -d "${TMPDIR:-/tmp}/nudge-$1.XXXXXX")
	chmod 711 "$nm_tmp"
	trap nm_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

# the cluster and its files outlive the script
nm_keep()
{
	trap - EXIT
	rm -rf "$nm_tmp/src"
}

nm_end()
{
	nm_status=$?
	trap - EXIT
	for nm_process in $nm_beside $nm_pid
	do
		nm_end_process "$nm_process"
	done
	nm_stop_servers
	rm -rf "$nm_tmp"
	exit "$nm_status"
}

# nm_end_process PID: ends it and what it has started, the youngest first
nm_end_process()
{
	for nm_child in $(cat "/proc/$1/task/$1/children" 2>/dev/null || true)
	do
		nm_end_process "$nm_child"
	done
	kill "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

nm_stop_servers()
{
	for nm_dir in $nm_servers
	do
		nm_cluster_stop "$nm_dir" || true
	done
}

# Runs a command as somebody whom the server accepts: it refuses root.
nm_as_server()
{
	if [ "$(id -u)" -eq 0 ]
	then
		(cd / && setpriv --reuid=postgres --regid=postgres --clear-groups \
			env HOME=/ "$@")
	else
		(cd / && "$@")
	fi
}

# nm_run LABEL COMMAND...: runs it with its output in $nm_log, shows that it
# is alive, and says how long it took.  The exit status $nm_skip_result, if that is
# set, says that it was skipped.
nm_run()
{
	nm_label=$1
	shift
	nm_log=$nm_tmp/log.$(echo "$nm_label" | tr -c 'A-Za-z0-9\n' _)
	nm_started=$(date +%s)
	[ ! -t 1 ] || printf '  %-58s' "$nm_label"
	("$@") >"$nm_log" 2>&1 </dev/null &
	nm_pid=$!
	nm_ticks=0
	while kill -0 "$nm_pid" 2>/dev/null
	do
		sleep 0.2
		nm_ticks=$((nm_ticks + 1))
		if [ -t 1 ] && [ $((nm_ticks % 5)) -eq 0 ]
		then
			printf '\r  %-58s %4d s' "$nm_label" $((nm_ticks / 5))
		elif [ $((nm_ticks % 150)) -eq 0 ]
		then
			printf '  %-58s %4d s ...\n' "$nm_label" $((nm_ticks / 5))
		fi
	done
	nm_result=0
	wait "$nm_pid" || nm_result=$?
	nm_pid=
	[ ! -t 1 ] || printf '\r'
	if [ "$nm_result" -eq 0 ]
	then
		nm_word=ok
	elif [ "$nm_result" -eq "${nm_skip_result:-0}" ]
	then
		nm_word=skipped
	else
		nm_word=FAILED
	fi
	printf '  %-58s %4d s  %s\n' "$nm_label" \
		$(($(date +%s) - nm_started)) "$nm_word"
	return "$nm_result"
}

# nm_copy_tree DIR: the sources without what builds leave behind
nm_copy_tree()
{
	mkdir -p "$1"
	tar -C "$nm_root" -cf - --exclude=./.git --exclude='*.o' \
		--exclude='*.so' --exclude='*.bc' --exclude=./sql-build \
		--exclude=./results --exclude=node_modules --exclude=./bench/.peers . |
		tar -C "$1" -xf -
	chmod -R a+rX "$1"
}

# nm_server NAME: copies the server to $nm_tmp/NAME and sets nm_config to the
# pg_config of the copy.
nm_server()
{
	nm_copy=$nm_tmp/$1
	for nm_dir in bindir pkglibdir sharedir
	do
		nm_dir=$("$PG_CONFIG" --$nm_dir)
		mkdir -p "$nm_copy${nm_dir%/*}"
		[ -d "$nm_copy$nm_dir" ] || cp -R "$nm_dir" "$nm_copy$nm_dir"
	done
	nm_dir=$("$PG_CONFIG" --includedir)
	mkdir -p "$nm_copy${nm_dir%/*}"
	ln -s "$nm_dir" "$nm_copy$nm_dir"
	nm_config=$nm_copy$("$PG_CONFIG" --bindir)/pg_config
	chmod -R go+rX "$nm_copy"
}

# nm_install SOURCES NAME [MAKE ARGUMENT...]: builds with PGXS and installs
# into the server copy NAME, which it makes.
nm_install()
{
	nm_sources=$1
	nm_server "$2"
	shift 2
	make -s -C "$nm_sources" -j"$(nproc)" PG_CONFIG="$nm_config" "$@" &&
		make -s -C "$nm_sources" PG_CONFIG="$nm_config" "$@" install
}

# nm_cluster NAME [LINE OF postgresql.conf...]: a cluster of the server copy
# NAME, reached through a socket that only this user can open.
nm_cluster()
{
	nm_bin=$nm_tmp/$1$("$PG_CONFIG" --bindir)
	nm_data=$nm_tmp/$1/data
	shift
	nm_cluster_at "$nm_data" "$@"
}

# nm_cluster_at DIR [LINE OF postgresql.conf...]: the same in a directory of its
# own, of the programs in $nm_bin.  Its socket is in DIR.socket.
nm_cluster_at()
{
	nm_data=$1
	shift
	mkdir -p "$nm_data" "$nm_data.socket"
	if [ "$(id -u)" -eq 0 ]
	then
		chown postgres "$nm_data" "$nm_data.socket"
	fi
	chmod 700 "$nm_data" "$nm_data.socket"
	nm_as_server "$nm_bin/initdb" -D "$nm_data" -U postgres --no-sync \
		--encoding=UTF8 --locale=C.UTF-8 \
		--auth-local=trust --auth-host=scram-sha-256 || return 1
	{
		echo "unix_socket_directories = '$nm_data.socket'"
		echo "listen_addresses = ''"
		echo "fsync = off"
		echo "shared_buffers = 256MB"
		echo "max_wal_size = 4GB"
		echo "timezone = 'UTC'"
		for nm_line
		do
			echo "$nm_line"
		done
	} >>"$nm_data/postgresql.conf"
	nm_cluster_start "$nm_data"
}

# nm_free_port: a port that nothing listens on
nm_free_port()
{
	perl -MIO::Socket::INET -e '
		print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'
}

nm_cluster_start()
{
	nm_as_server "$nm_bin/pg_ctl" -D "$1" -l "$1/log" -w -t 60 start ||
		{
			cat "$1/log"
			return 1
		}
}

nm_cluster_stop()
{
	[ -e "$1/postmaster.pid" ] || return 0
	nm_as_server "$nm_bin/pg_ctl" -D "$1" -m immediate -w stop >/dev/null 2>&1
}

# nm_use NAME: makes the cluster of server copy NAME the one that psql meets
# and that nm_end stops; it need not be there yet
nm_use()
{
	nm_bin=$nm_tmp/$1$("$PG_CONFIG" --bindir)
	nm_data=$nm_tmp/$1/data
	case " $nm_servers " in
		*" $nm_data "*) ;;
		*) nm_servers="$nm_servers $nm_data" ;;
	esac
	export PGHOST="$nm_data.socket" PGUSER=postgres PGDATABASE=postgres
	PATH=$nm_bin:$nm_path
	export PATH
}
nm_path=$PATH
