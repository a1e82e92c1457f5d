#!/usr/bin/perl
# systemctl of an instance, before Debian's own on the PATH.
#
# An instance has no systemd running. Debian's systemctl does all the work on unit files and links
# (enable, disable, mask, preset, is-enabled, ...), as it does in any chroot, so it is called for that.
# What needs a running manager is done here, for service units: ExecStartPre and ExecStart run as
# User= with Environment=, EnvironmentFile= and WorkingDirectory=; nothing is restarted by itself,
# hardening directives and conditions have no effect, output goes to the console.
# Process 1 calls `systemctl start-enabled` at boot. ssh is a child of process 1, which writes down its
# number, as sshd's own file is away while it is reloaded by HUP.
use strict;
use warnings;
use Text::ParseWords qw(shellwords);

my $REAL   = '/usr/bin/systemctl';
my $KEPT   = '/run/units';
my @FOLDERS = qw(/etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system /lib/systemd/system);
my $WANTS  = '/etc/systemd/system/multi-user.target.wants';
my %VERBS  = map { $_ => 1 } qw(start stop restart try-restart reload reload-or-restart status is-active is-failed);

my @options = grep { /^-/ } @ARGV;
my ($verb, @names) = grep { !/^-/ } @ARGV;
$verb //= '';
my $quiet = grep { /^(-q|--quiet)$/ } @options;

exit main();

sub main {
    return 0 if $verb eq 'daemon-reload' || $verb eq 'daemon-reexec';    # files are read at every call
    exec "/usr/sbin/$verb" if $verb =~ /^(reboot|poweroff|halt)$/;
    return start_enabled() if $verb eq 'start-enabled';
    return worst(map { on_unit($verb, $_) } @names) if $VERBS{$verb} && @names;
    my $now = grep { $_ eq '--now' } @options;
    exec $REAL, @ARGV unless $now && $verb =~ /^(enable|disable|mask)$/;
    my $status = system($REAL, grep { $_ ne '--now' } @ARGV) >> 8;
    return $status || worst(map { on_unit($verb eq 'enable' ? 'start' : 'stop', $_) } @names);
}

sub worst { return (sort { $b <=> $a } 0, @_)[0] }

sub on_unit {
    my ($verb, $name) = @_;
    $name .= '.service' unless $name =~ /\.(service|socket|target|timer|path|mount)$/;
    $name = 'ssh.service' if $name eq 'sshd.service';
    my $unit = read_unit($name);
    return describe($verb, $unit) if $verb =~ /^(status|is-active|is-failed)$/;
    return refuse($verb, $name, 4, 'Interactive authentication required.') if $> != 0;
    return refuse($verb, $name, 5, "Unit $name not found.") unless $unit->{load} ne 'not-found';
    return refuse($verb, $name, 1, "Unit $name is masked.") if $unit->{load} eq 'masked' && $verb ne 'stop';
    return 0 if $name !~ /\.service$/;
    return reload($unit) if $verb =~ /reload/ || ($name eq 'ssh.service' && $verb =~ /restart/);
    return 0 if $verb eq 'try-restart' && state($unit) ne 'active';
    stop($unit) if $verb =~ /stop|restart/;
    return $verb eq 'stop' ? 0 : start($unit);
}

sub refuse {
    my ($verb, $name, $status, $why) = @_;
    print STDERR "Failed to $verb $name: $why\n";
    return $status;
}

# The unit's file and its drop-ins: key -> list of values, as an empty value clears a list.
sub read_unit {
    my ($name) = @_;
    my ($file) = grep { -e $_ || -l $_ } map { "$_/$name" } @FOLDERS;
    my %unit = (name => $name, file => $file // '', load => 'loaded', keys => {});
    return { %unit, load => 'not-found' } unless $file;
    return { %unit, load => 'masked' } if -l $file && readlink($file) eq '/dev/null';
    for my $path ($file, map { sort glob "$_/$name.d/*.conf" } reverse @FOLDERS) {
        open my $lines, '<', $path or next;
        my $text = join '', <$lines>;
        $text =~ s/\\\n/ /g;
        my $section = '';
        for (split /\n/, $text) {
            if (/^\[(\w+)\]/) { $section = $1 }
            elsif (/^\s*(\w+)\s*=\s*(.*?)\s*$/) {
                my $values = $unit{keys}{"$section.$1"} //= [];
                if ($2 eq '') { @$values = () } else { push @$values, $2 }
            }
        }
    }
    return \%unit;
}

sub values_of { my ($unit, $key) = @_; return @{ $unit->{keys}{"Service.$key"} // [] } }
sub value_of { my ($unit, $key, $default) = @_; return (values_of($unit, $key))[-1] // $default }

sub first_line {
    my ($path) = @_;
    open my $file, '<', $path or return '';
    my $line = <$file> // '';
    chomp $line;
    return $line;
}

sub keep {
    my ($unit, $what) = @_;
    mkdir $KEPT;
    open my $file, '>', "$KEPT/$unit->{name}" or die "$KEPT: $!\n";
    print $file "$what\n";
}

# The main process of an active service; 0 for one that did its work and remains active.
sub main_pid {
    my ($unit) = @_;
    return first_line("$KEPT/$unit->{name}");
}

sub state {
    my ($unit) = @_;
    my $pid = main_pid($unit);
    return 'inactive' if $pid eq '';
    return 'active' if $pid eq 'exited' || ($pid =~ /^\d+$/ && -d "/proc/$pid");
    return 'failed';
}

sub describe {
    my ($verb, $unit) = @_;
    my $state = state($unit);
    if ($verb ne 'status') {
        print "$state\n" unless $quiet;
        return $verb eq 'is-failed' ? ($state eq 'failed' ? 0 : 1) : ($state eq 'active' ? 0 : 3);
    }
    my $name = $unit->{name};
    if ($unit->{load} eq 'not-found') {
        print STDERR "Unit $name could not be found.\n";
        return 4;
    }
    my $about = $unit->{keys}{'Unit.Description'}[-1] // $name;
    my $enabled = `$REAL is-enabled $name 2>/dev/null`;
    chomp $enabled;
    my $pid = main_pid($unit);
    print "* $name - $about\n     Loaded: $unit->{load} ($unit->{file}; $enabled)\n";
    print "     Active: $state", ($state eq 'active' ? $pid eq 'exited' ? ' (exited)' : ' (running)' : ''), "\n";
    print "   Main PID: $pid\n" if $state eq 'active' && $pid ne 'exited';
    return $state eq 'active' ? 0 : 3;
}

sub reload {
    my ($unit) = @_;
    my $pid = main_pid($unit);
    return start($unit) unless state($unit) eq 'active';
    return kill('HUP', $pid) ? 0 : 1 if $unit->{name} eq 'ssh.service';
    local $ENV{MAINPID} = $pid;
    for (values_of($unit, 'ExecReload')) { return failed($unit) if run_now($unit, $_) }
    return 0 if values_of($unit, 'ExecReload') || $verb eq 'reload';
    stop($unit);
    return start($unit);
}

sub stop {
    my ($unit) = @_;
    my $pid = main_pid($unit);
    if (state($unit) eq 'active' && $pid =~ /^\d+$/) {
        kill 'TERM', $unit->{name} eq 'ssh.service' ? $pid : -$pid;
        for (1 .. 100) { last unless -d "/proc/$pid"; select undef, undef, undef, 0.05 }
        kill 'KILL', -$pid if -d "/proc/$pid";
    }
    unlink "$KEPT/$unit->{name}";
}

sub start {
    my ($unit) = @_;
    return 0 if state($unit) eq 'active';
    my $type = value_of($unit, 'Type', 'simple');
    my @commands = values_of($unit, 'ExecStart');
    return failed($unit) if !@commands;
    for (values_of($unit, 'ExecStartPre'), $type =~ /oneshot|forking/ ? @commands : ()) {
        return failed($unit) if run_now($unit, $_);
    }
    if ($type eq 'oneshot') {
        keep($unit, 'exited') if value_of($unit, 'RemainAfterExit', 'no') =~ /^(yes|true|1|on)$/;
    }
    elsif ($type eq 'forking') {
        keep($unit, first_line(value_of($unit, 'PIDFile', '')) || 'exited');
    }
    else { keep($unit, in_background($unit, $commands[-1])) }
    return 0;
}

sub failed {
    my ($unit) = @_;
    keep($unit, 'failed');
    print STDERR "Job for $unit->{name} failed because the control process exited with error code.\n";
    return 1;
}

sub run_now {
    my ($unit, $command) = @_;
    my $may_fail = $command =~ /^[@:+!]*-/;
    my $pid = fork // die "fork: $!\n";
    become($unit, $command) unless $pid;
    waitpid $pid, 0;
    return $may_fail ? 0 : $?;
}

# In a session of its own, whose number is the main process's.
sub in_background {
    my ($unit, $command) = @_;
    my $pid = fork // die "fork: $!\n";
    become($unit, $command) unless $pid;
    return $pid;
}

sub become {
    my ($unit, $command) = @_;
    require POSIX;
    POSIX::setsid();
    $SIG{$_} = 'DEFAULT' for qw(INT QUIT PIPE);
    open STDIN, '<', '/dev/null';
    open STDOUT, '>>', '/proc/1/fd/1' or open STDOUT, '>', '/dev/null';
    open STDERR, '>&', \*STDOUT;
    my %environment = environment($unit);
    chdir value_of($unit, 'WorkingDirectory', '/') or exit 200;
    my ($full_privileges) = $command =~ s/^([-@:+!]+)// ? $1 : '';
    $command =~ s/%%/%/g;
    my @words = map { expand($_, \%environment) } shellwords($command);
    my $user = value_of($unit, 'User', '');
    my $group = value_of($unit, 'Group', '');
    if ($user && $full_privileges !~ /[+!]/) {
        unshift @words, 'setpriv', "--reuid=$user", '--init-groups',
            '--regid=' . ($group || (getpwnam $user)[3] // exit 217), '--';
    }
    %ENV = %environment;
    { no warnings 'exec'; exec { $words[0] } @words }
    exit 203;
}

sub expand {
    my ($word, $environment) = @_;
    return split ' ', $environment->{$1} // '' if $word =~ /^\$(\w+)$/;
    $word =~ s/\$(\$|\{(\w+)\})/defined $2 ? $environment->{$2} \/\/ '' : '$'/ge;
    return $word;
}

sub environment {
    my ($unit) = @_;
    my %found = (PATH => '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG => 'C.UTF-8');
    $found{MAINPID} = $ENV{MAINPID} if $ENV{MAINPID};
    for (map { shellwords($_) } values_of($unit, 'Environment')) {
        $found{$1} = $2 if /^(\w+)=(.*)$/s;
    }
    for my $path (values_of($unit, 'EnvironmentFile')) {
        my $optional = $path =~ s/^-//;
        open my $lines, '<', $path or ($optional ? next : exit 201);
        while (<$lines>) { $found{$1} = (shellwords($2))[0] // '' if /^\s*(\w+)=(.*)$/ }
    }
    return %found;
}

sub start_enabled {
    for my $name (map { m{([^/]+\.service)$} ? $1 : () } sort glob "$WANTS/*") {
        on_unit('start', $name) if $name ne 'ssh.service';
    }
    return 0;
}
